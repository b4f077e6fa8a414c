/**
 * @module Shapes of operations' arguments, as WIT values are lifted to JavaScript and sent as JSON: an absent option is a missing key.
 */
import * as z from "zod";
import { isIpAddress, isIpPrefix } from "../../spec/ip.ts";
import type { IpAddress, IpPrefix } from "../../spec/ip.ts";
import { isMac } from "../../spec/mac.ts";
import type { MacAddress } from "../../spec/mac.ts";

/** Longest time in ms that an operation waits for something to come about; a longer wish is cut. */
export const WAIT_MAX_MS = 60_000;

const U32_MAX = 0xffff_ffff;

/** WIT `u32`. */
export const U32 = z.int().min(0).max(U32_MAX);
/** A name of a link, as text: what is no name of a link is not there. Longest as a sanity bound, in UTF-16 units. */
export const LINK_NAME = z.string().max(255);
/** The number that stands for the container's namespace. */
export const HANDLE = z.int();
/** WIT `ip-address`. */
export const IP_ADDRESS = z.custom<IpAddress>(isIpAddress);
/** WIT `ip-prefix`. */
export const IP_PREFIX = z.custom<IpPrefix>(isIpPrefix);
/** WIT `mac-address`. */
export const MAC = z.custom<MacAddress>(isMac);
/** WIT `ip-family`. */
export const IP_FAMILY = z.enum(["ipv4", "ipv6"]);
/** WIT `option<packet-filter>`: absent at the end, or among several. */
export const PACKET_FILTER = z
  .enum(["nftables", "iptables", "iptables-nft", "iptables-legacy", "firewalld"])
  .nullish()
  .transform((asked) => asked ?? undefined);
/** WIT `option<string>` that names a zone of firewalld's. Longest as a sanity bound, in UTF-16 units. */
export const ZONE = z
  .string()
  .max(64)
  .nullish()
  .transform((zone) => zone ?? undefined);
