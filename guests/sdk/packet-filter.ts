/**
 * @module The packet filter that a network's configuration names.
 */
import type { PacketFilter } from "cnidaria:plugin/types@0.1.0";

import { type Fields, invalid } from "./configuration.ts";

/** Those that the reference plugins know, and the two variants of iptables by name. */
const FILTERS: readonly PacketFilter[] = ["nftables", "iptables", "iptables-nft", "iptables-legacy"];

/**
 * Reads a field such as `backend`; `undefined`: the configuration leaves it to the node.
 * @throws {PluginFailure} code 6 for another type, 7 for a text that names none.
 */
export function readPacketFilter(fields: Fields, key: string): PacketFilter | undefined {
  const text = fields.text(key);
  if (text === undefined) return undefined;
  return findPacketFilter(text) ?? invalid(key, '"nftables", "iptables", "iptables-nft" or "iptables-legacy"', text);
}

/** Gives the packet filter of a name; `undefined`: it names none. */
export function findPacketFilter(text: string | undefined): PacketFilter | undefined {
  return FILTERS.find((each) => each === text);
}
