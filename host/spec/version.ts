/**
 * @module Versions of the specification: order, negotiation, and the answer to VERSION. No dependency, so that the shim can load it.
 */

import { CniError } from "./error.ts";

/** Versions that configurations may have, oldest first. */
export const SUPPORTED_VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
/** The newest version that is implemented. */
export const NEWEST_VERSION = "1.1.0";
/** What a configuration without a version has. Source: libcni `pkg/version`. */
export const UNVERSIONED = "0.1.0";

/**
 * First version of a configuration whose plugins may be asked something. A result of ADD is handed to DEL since 0.4.0.
 * Source: CNI SPEC 0.4.0 and 1.1.0; libcni `pkg/skel/skel.go`.
 */
export const VERB_SINCE = { CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0", prevResultOnDel: "0.4.0" } as const;

/** The answer to VERSION. Source: CNI SPEC 1.1.0, section 5, "VERSION Success". */
export interface VersionResult {
  readonly cniVersion: string;
  readonly supportedVersions: readonly string[];
}

const VERSION = /^[0-9]{1,9}(?:\.[0-9]{1,9}){0,2}$/u;

/** Orders versions: negative when `left` is older. A missing part is 0. What is no version comes first. */
export function compareVersions(left: string, right: string): number {
  const [lefts, rights] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (lefts[index] ?? 0) - (rights[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Tells whether a version is `least` or newer. */
export function isAtLeast(version: string, least: string): boolean {
  return compareVersions(version, least) >= 0;
}

/** Tells whether a text is a version: one to three whole numbers. It may be one that nobody implements. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/**
 * Selects the version to work in: the newest that is implemented of `cniVersion` and `cniVersions`, or `cniVersion` where none is.
 * One like "1.1" is no error among several, and not implemented: versions are compared as they are written.
 * Source: CNI SPEC 1.1.0, section 1, `cniVersions`; libcni `conf.go`.
 * @throws {CniError} invalidNetworkConfig when an entry is no version.
 * @throws {CniError} incompatibleCniVersion when the selected one is not supported.
 */
export function selectVersion(cniVersion: string, cniVersions: readonly string[]): string {
  const selected =
    cniVersions.length === 0 ? cniVersion : (newestImplemented([cniVersion, ...cniVersions]) ?? cniVersion);
  if (isSupported(selected)) return selected;
  throw new CniError("incompatibleCniVersion", `incompatible CNI version ${JSON.stringify(selected)}`, {
    details: `supported versions: ${SUPPORTED_VERSIONS.join(", ")}`,
  });
}

/** Tells whether configurations may have a version. Exact: "1.0" is not "1.0.0". */
export function isSupported(version: string): boolean {
  return (SUPPORTED_VERSIONS as readonly string[]).includes(version);
}

/** Gives the answer to VERSION: the asked version, where it is one, and what the plugin speaks. */
export function versionResult(
  asked: string | undefined,
  supportedVersions: readonly string[] = SUPPORTED_VERSIONS,
): VersionResult {
  return { cniVersion: asked !== undefined && VERSION.test(asked) ? asked : NEWEST_VERSION, supportedVersions };
}

function newestImplemented(versions: readonly string[]): string | undefined {
  const broken = versions.find((version) => !VERSION.test(version));
  if (broken !== undefined)
    throw new CniError("invalidNetworkConfig", `${JSON.stringify(broken)} is not a CNI version`);
  return versions.filter(isSupported).toSorted(compareVersions).at(-1);
}

function partsOf(version: string): readonly number[] {
  return VERSION.test(version) ? version.split(".").map(Number) : [-1];
}
