/**
 * @module Hardware addresses as data, in the shape that WIT values are lifted to. No dependency.
 */

import { CniError } from "./error.ts";

/** 6 octets, as sent on the wire. The WIT type `mac-address`. */
export type MacAddress = readonly [number, number, number, number, number, number];

/** Octets of an Ethernet address. Source: IEEE 802.3. */
const MAC_BYTES = 6;
const COLONS = /^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/u;
const DASHES = /^[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){5}$/u;
const DOTS = /^[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2}$/u;

/** Reads `aa:bb:cc:dd:ee:ff`, also with dashes or as `aabb.ccdd.eeff`; `undefined`: it is none. */
export function readMac(text: string): MacAddress | undefined {
  if (!COLONS.test(text) && !DASHES.test(text) && !DOTS.test(text)) return undefined;
  const digits = text.replaceAll(/[:.-]/gu, "");
  const octets = Array.from({ length: MAC_BYTES }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
  return octets as unknown as MacAddress;
}

/**
 * Parses a hardware address of 6 octets.
 * @throws {CniError} invalidNetworkConfig when it is none.
 */
export function parseMac(text: string): MacAddress {
  const mac = readMac(text);
  if (mac === undefined)
    throw new CniError("invalidNetworkConfig", `${JSON.stringify(text)} is not a hardware address`);
  return mac;
}

/** Writes a hardware address: lower case, colons. */
export function formatMac(mac: MacAddress): string {
  return mac.map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

/** Tells whether a value that came over a channel is a hardware address. Does not trust: anything may come. */
export function isMac(value: unknown): value is MacAddress {
  if (!Array.isArray(value) || value.length !== MAC_BYTES) return false;
  return value.every((octet: unknown) => Number.isInteger(octet) && Number(octet) >= 0 && Number(octet) <= 255);
}
