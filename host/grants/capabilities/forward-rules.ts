/**
 * @module Grant `forward-rules`: what the node forwards to and from the attachment, and how a bridge is isolated.
 */

import * as z from "zod";
import { backendsCover, decideBackend, describeBackends, forwardingBackends } from "../backends.ts";
import { ALLOWED, allowedIf, defineCapability, denied } from "../capability.ts";
import type { CallFacts } from "../facts.ts";
import { areGivenAddresses } from "../given-addresses.ts";
import { describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";

const scope = z.strictObject({
  /** Isolations that may be asked for, by the names of the contract. */
  isolation: z.array(nameReference).default([]),
  /** Packet filters that may be used. */
  backends: forwardingBackends,
  /** Zones of firewalld's that the addresses may be made sources of. */
  zones: z.array(nameReference).default([]),
});
/** Scope of `forward-rules`. */
export type ForwardRulesScope = z.output<typeof scope>;

/** Forwarding for the addresses that the call was given, and isolation of the bridge that the attachment is on. */
export const forwardRules = defineCapability<ForwardRulesScope>({
  name: "forward-rules",
  operations: ["allow", "list", "remove", "isolate", "obstacles", "isolation-of"],
  scope,
  covers: (wider, narrower) =>
    namesCover(wider.isolation, narrower.isolation) &&
    backendsCover(wider.backends, narrower.backends) &&
    namesCover(wider.zones, narrower.zones),
  describe(granted) {
    const lines = [`has the node forward for the addresses that were given, ${describeBackends(granted.backends)}`];
    if (granted.isolation.length > 0)
      lines.push(`isolates the bridge that the container is on: ${describeReferences(granted.isolation)}`);
    if (granted.backends.includes("firewalld"))
      lines.push(`makes the addresses sources of a zone of firewalld: ${describeReferences(granted.zones)}`);
    return lines;
  },
  decide(granted, { facts, operation, args }) {
    switch (operation) {
      case "allow":
        if (!areGivenAddresses(args[0], facts.givenAddresses))
          return denied("an address is not one that the call was given; no grant would allow it");
        if (isZoneRefused(args[2], granted, facts))
          return denied(`"forward-rules" with ${JSON.stringify(args[2])} in "zones" would allow it`);
        return decideBackend(granted.backends, "forward-rules", args[1]);
      case "isolate":
        if (args[1] !== "open" && !namesInclude(granted.isolation, facts, args[1]))
          return denied(`"forward-rules" with ${JSON.stringify(args[1])} in "isolation" would allow it`);
        return decideBackend(granted.backends, "forward-rules", args[2]);
      case "isolation-of":
        return allowedIf(granted.isolation.length > 0, '"forward-rules" with "isolation" would allow it');
      case "list":
      case "remove":
      case "obstacles":
        return ALLOWED;
      default:
        return denied(`"forward-rules" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

/** A zone means nothing where firewalld may not be asked. */
function isZoneRefused(zone: unknown, { backends, zones }: ForwardRulesScope, facts: CallFacts): boolean {
  if (zone === undefined || zone === null || !backends.includes("firewalld")) return false;
  return !namesInclude(zones, facts, zone);
}
