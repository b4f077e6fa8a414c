/**
 * @module Grant `leases`: addresses reserved for attachments of the call's own network.
 */

import * as z from "zod";
import { isIpAddress, prefixContains } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { ALLOWED, allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import { describeReferences, resolveSubnets, subnetReference, subnetsCover } from "../references.ts";

const scope = z.strictObject({ subnets: z.array(subnetReference).default([]) });
/** Scope of `leases`. */
export type LeasesScope = z.output<typeof scope>;

/** Reserving addresses inside the granted subnets. */
export const leases = defineCapability<LeasesScope>({
  name: "leases",
  operations: ["reserve-next", "reserve", "list", "release", "count-free"],
  scope,
  covers: (wider, narrower) => subnetsCover(wider.subnets, narrower.subnets),
  describe: (granted) => [`reserves addresses of its network in subnets: ${describeReferences(granted.subnets)}`],
  decide(granted, { facts, operation, args }) {
    const reason = `"leases" with their subnet in "subnets" would allow these addresses`;
    const subnets = () => resolveSubnets(granted.subnets, facts);
    switch (operation) {
      case "reserve-next":
        return allowedIf(rangesLieIn(args[1], subnets()), reason);
      case "count-free":
        return allowedIf(rangesLieIn(args[0], subnets()), reason);
      case "reserve":
        return allowedIf(rangesLieIn([{ first: args[1], last: args[1] }], subnets()), reason);
      case "list":
      case "release":
        return ALLOWED;
      default:
        return denied(`"leases" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

/** Tells whether a value is a list of ranges, each with both ends in one of the subnets. */
function rangesLieIn(ranges: unknown, subnets: readonly IpPrefix[]): boolean {
  if (!Array.isArray(ranges)) return false;
  return ranges.every((range: unknown) => {
    const [first, last] = [fieldOf(range, "first"), fieldOf(range, "last")];
    if (!isIpAddress(first) || !isIpAddress(last)) return false;
    return subnets.some((subnet) => prefixContains(subnet, first) && prefixContains(subnet, last));
  });
}
