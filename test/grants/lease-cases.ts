/**
 * @module Operations on leases, allowed and refused, for the test of decide().
 */
import { parseIpAddress } from "../../host/spec/ip.ts";
import type { Case } from "./decide-cases.ts";

const ip = parseIpAddress;
const range = (first: string, last: string): object => ({ first: ip(first), last: ip(last) });

/** What the grant allows. */
export const LEASES_ALLOWED: readonly Case[] = [
  {
    why: "a range in the configured subnet",
    operation: "leases.reserve-next",
    args: [0, [range("10.1.0.1", "10.1.255.254")], []],
  },
  {
    why: "a range in a configured set",
    operation: "leases.reserve-next",
    args: [1, [range("2001:db8::1", "2001:db8::ff")], []],
  },
  { why: "an address in a subnet of the runtime", operation: "leases.reserve", args: [0, ip("10.3.0.9")] },
  { why: "an address in a listed subnet", operation: "leases.reserve", args: [0, ip("192.0.2.9")] },
  { why: "counting in a configured set", operation: "leases.count-free", args: [[range("10.2.0.1", "10.2.0.9")], []] },
];

/** What the grant does not allow. */
export const LEASES_REFUSED: readonly Case[] = [
  {
    why: "a range that leaves the subnet",
    operation: "leases.reserve-next",
    args: [0, [range("10.1.0.1", "10.4.0.1")], []],
  },
  {
    why: "a range from one subnet to another",
    operation: "leases.reserve-next",
    args: [0, [range("10.1.0.1", "10.2.0.1")], []],
  },
  {
    why: "a range of two families",
    operation: "leases.reserve-next",
    args: [0, [range("10.1.0.1", "2001:db8::1")], []],
  },
  { why: "ranges that are no list", operation: "leases.reserve-next", args: [0, "10.1.0.0/16", []] },
  { why: "an address outside", operation: "leases.reserve", args: [0, ip("8.8.8.8")] },
];
