/**
 * @module Names of CNI, parsed once, at the edge. No dependency, so that the shim can load it.
 */

import { CniError } from "./error.ts";
import type { CniErrorKind } from "./error.ts";

/** Name of a network: letters, digits, `_`, `.`, `-`, the first a letter or digit. */
export type NetworkName = string & { readonly __brand: "NetworkName" };
/** Id of a container, of the same characters. */
export type ContainerId = string & { readonly __brand: "ContainerId" };
/** Name of a link: 1 to 15 bytes of UTF-8. */
export type IfName = string & { readonly __brand: "IfName" };
/** Type of a plugin: what `"type"` says. No path separator. */
export type PluginType = string & { readonly __brand: "PluginType" };

/** Source: CNI SPEC 1.1.0, section 2, "Parameters"; libcni `pkg/utils/utils.go`. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/u;
/** Longest name in bytes: a file name has 255, and names end up in file names with a prefix. */
const NAME_MAX_BYTES = 240;
/** Longest link name in bytes: the kernel's IFNAMSIZ (16) less its NUL. Source: linux/if.h. */
const IFNAME_MAX_BYTES = 15;

/**
 * Parses the name of a network.
 * @throws {CniError} invalidNetworkConfig when it is empty or has other characters.
 */
export function parseNetworkName(text: string): NetworkName {
  checkName(text, "invalidNetworkConfig", "network name");
  return text as NetworkName;
}

/**
 * Parses CNI_CONTAINERID.
 * @throws {CniError} unknownContainer when it is empty, invalidEnvironment when it has other characters.
 */
export function parseContainerId(text: string): ContainerId {
  if (text === "") throw new CniError("unknownContainer", "CNI_CONTAINERID is empty");
  checkName(text, "invalidEnvironment", "CNI_CONTAINERID");
  return text as ContainerId;
}

/**
 * Parses the type of a plugin. The reference forbids path separators alone; the characters here are those of its file names.
 * @throws {CniError} invalidNetworkConfig when it is empty or has other characters.
 */
export function parsePluginType(text: string): PluginType {
  checkName(text, "invalidNetworkConfig", "plugin type");
  return text as PluginType;
}

/**
 * Parses CNI_IFNAME, or any other name of a link.
 * @throws {CniError} invalidEnvironment when the kernel would not take it.
 */
export function parseIfName(text: string): IfName {
  if (isIfName(text)) return text;
  throw new CniError("invalidEnvironment", `CNI_IFNAME ${JSON.stringify(text)} is not a link name`, {
    details: `want 1 to ${IFNAME_MAX_BYTES} bytes, no "/", ":" or whitespace, and not "." or ".."; got ${byteLength(text)} bytes`,
  });
}

/** Tells whether the kernel takes a link name. Does not trust: anything may come. */
export function isIfName(value: unknown): value is IfName {
  if (typeof value !== "string" || value === "." || value === ".." || /[/:\s\0]/u.test(value)) return false;
  const bytes = byteLength(value);
  return bytes > 0 && bytes <= IFNAME_MAX_BYTES;
}

function checkName(text: string, kind: CniErrorKind, what: string): void {
  if (NAME.test(text) && text.length <= NAME_MAX_BYTES) return;
  throw new CniError(
    kind,
    text === "" ? `${what} is empty` : `${what} ${JSON.stringify(text.slice(0, NAME_MAX_BYTES))} is not allowed`,
    {
      details: `want 1 to ${NAME_MAX_BYTES} letters, digits, "_", "." or "-", the first a letter or digit`,
    },
  );
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
