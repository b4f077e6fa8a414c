/**
 * @module Results as JSON, in the shape of each version, to and from the WIT records.
 */

import { CniError } from "./error.ts";
import { isJsonObject, readKey } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { formatByFamily, parseByFamily } from "./result-by-family.ts";
import { compact, extensionsOf, itemsOf, listOf, objectOf, parseExtensions, textOf } from "./result-fields.ts";
import {
  formatDns,
  formatInterface,
  formatIp,
  formatRoute,
  parseDns,
  parseInterface,
  parseIp,
  parseRoute,
} from "./result-items.ts";
import type { AddressResult, AttachmentResult } from "./result.ts";
import { SUPPORTED_VERSIONS, UNVERSIONED, isAtLeast, isSupported, isVersion } from "./version.ts";

/** A result and the version that it is written in. */
export interface VersionedResult {
  readonly cniVersion: string;
  readonly result: AttachmentResult;
}

/** Versions whose results have `interfaces`, `ips`, `routes` and `dns`. Those before have `ip4` and `ip6`. */
const LISTED_SINCE = "0.3.0";
/** From here on `ips` has no `version`, and interfaces may have `mtu`, `socketPath` and `pciID`. */
const UNLABELLED_SINCE = "1.0.0";

const RESULT_KEYS = ["cniVersion", "interfaces", "ips", "routes", "dns"];
const ADDRESS_RESULT_KEYS = ["cniVersion", "ips", "routes", "dns"];
const FAMILY_RESULT_KEYS = ["cniVersion", "ip4", "ip6", "dns"];

/**
 * Parses a result. One without a version has `cniVersion`; one that is newer than all that are implemented is read as the newest.
 * Source: CNI SPEC 1.1.0, section 5; libcni `pkg/types`.
 * @throws {CniError} decodingFailure when a field has the wrong type or form, its version included.
 */
export function parseResult(value: JsonValue, cniVersion: string): VersionedResult {
  const object = value === null ? {} : objectOf(value, "result");
  const own = ownVersion(object, cniVersion);
  const dns = parseDns(readKey(object, "dns"));
  if (!isAtLeast(own, LISTED_SINCE)) {
    const result = { interfaces: [], ...parseByFamily(object), dns };
    return { cniVersion: own, result: { ...result, extensions: extensionsOf(object, FAMILY_RESULT_KEYS) } };
  }
  const result = {
    interfaces: itemsOf(object, "interfaces").map(parseInterface),
    ips: itemsOf(object, "ips").map(parseIp),
    routes: itemsOf(object, "routes").map(parseRoute),
    dns,
    extensions: extensionsOf(object, RESULT_KEYS),
  };
  return { cniVersion: own, result };
}

/** Parses what an IPAM plugin answered; `interfaces`, which some put there, are kept as an extension. Throws as {@link parseResult}. */
export function parseAddressResult(value: JsonValue, cniVersion: string): AddressResult {
  const parsed = parseResult(value, cniVersion);
  const { interfaces: _links, ...result } = parsed.result;
  if (!isAtLeast(parsed.cniVersion, LISTED_SINCE)) return result;
  return { ...result, extensions: isJsonObject(value) ? extensionsOf(value, ADDRESS_RESULT_KEYS) : undefined };
}

/**
 * Writes a result in the shape of a version. Empty lists and an empty `dns` are left out.
 * @throws {CniError} incompatibleCniVersion when the version, older than 0.3.0, needs an address and there is none.
 */
export function formatResult(result: AttachmentResult, cniVersion: string): JsonObject {
  if (!isAtLeast(cniVersion, LISTED_SINCE)) return formatFamilyResult(result, cniVersion);
  const labelled = isLabelled(cniVersion);
  return compact({
    cniVersion,
    interfaces: listOf(result.interfaces.map((link) => formatInterface(link, labelled))),
    ...formatAddresses(result, labelled),
    ...parseExtensions(result.extensions, RESULT_KEYS),
  });
}

/** Writes what an IPAM plugin answered in the shape of a version. Throws as {@link formatResult}. */
export function formatAddressResult(result: AddressResult, cniVersion: string): JsonObject {
  if (!isAtLeast(cniVersion, LISTED_SINCE)) return formatFamilyResult(result, cniVersion);
  return compact({
    cniVersion,
    ...formatAddresses(result, isLabelled(cniVersion)),
    ...parseExtensions(result.extensions, ADDRESS_RESULT_KEYS),
  });
}

/**
 * Writes a previous result for the helper, which looks for addresses in it: in the shape of a version, or of the first one that has
 * room for a result without addresses.
 */
export function formatPreviousResult(result: AttachmentResult, cniVersion: string): JsonObject {
  return formatResult(result, isAtLeast(cniVersion, LISTED_SINCE) ? cniVersion : LISTED_SINCE);
}

/**
 * Converts a result between versions: `from` is the version of one that names none itself, a `to` of "" is 0.1.0. What the newer of two
 * versions has and the older has not is lost; fields that no version knows are kept.
 * @throws {CniError} incompatibleCniVersion when `to` is not supported; otherwise as {@link parseResult} and {@link formatResult}.
 */
export function convertResult(value: JsonValue, from: string, to: string): JsonObject {
  const target = to || UNVERSIONED;
  if (!isSupported(target)) {
    throw new CniError("incompatibleCniVersion", `results have no version ${JSON.stringify(target)}`, {
      details: `supported versions: ${SUPPORTED_VERSIONS.join(", ")}`,
    });
  }
  return formatResult(parseResult(value, from).result, target);
}

function ownVersion(object: JsonObject, cniVersion: string): string {
  const own = textOf(object, "cniVersion") ?? (cniVersion || UNVERSIONED);
  if (isVersion(own)) return own;
  throw new CniError("decodingFailure", `the result's "cniVersion" is not a version`, {
    details: `got ${JSON.stringify(own)}`,
  });
}

function isLabelled(cniVersion: string): boolean {
  return !isAtLeast(cniVersion, UNLABELLED_SINCE);
}

function formatFamilyResult(result: AddressResult, cniVersion: string): JsonObject {
  return compact({
    cniVersion,
    ...formatByFamily(result, cniVersion),
    dns: formatDns(result.dns),
    ...parseExtensions(result.extensions, [...FAMILY_RESULT_KEYS, "interfaces", "ips", "routes"]),
  });
}

function formatAddresses(result: AddressResult, labelled: boolean): Record<string, JsonValue | undefined> {
  return {
    ips: listOf(result.ips.map((ip) => formatIp(ip, labelled))),
    routes: listOf(result.routes.map(formatRoute)),
    dns: formatDns(result.dns),
  };
}
