/**
 * @module Grant `node-addresses`: gateway addresses on the node's links.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied } from "../capability.ts";
import { areBesideGiven } from "../given-addresses.ts";
import {
  describeReferences,
  isOn,
  nameReference,
  namesCover,
  namesInclude,
  switchCovers,
  switchReference,
} from "../references.ts";

const scope = z.strictObject({
  links: z.array(nameReference).default([]),
  /** Whether links that this attachment made may have addresses, too. */
  own: z.boolean().default(false),
  /** Whether an address that is in the way may be replaced. */
  replace: switchReference.default(false),
});
/** Scope of `node-addresses`. */
export type NodeAddressesScope = z.output<typeof scope>;

/** Gateway addresses on the node's links: of the networks of the addresses that the call was given, and no others. */
export const nodeAddresses = defineCapability<NodeAddressesScope>({
  name: "node-addresses",
  operations: ["ensure", "list"],
  scope,
  covers(wider, narrower) {
    return (
      namesCover(wider.links, narrower.links) &&
      (wider.own || !narrower.own) &&
      switchCovers(wider.replace, narrower.replace)
    );
  },
  describe(granted) {
    const own = granted.own ? ["those that this attachment made"] : [];
    const named = granted.own && granted.links.length === 0 ? [] : [describeReferences(granted.links)];
    const lines = [`puts gateway addresses on links of the node: ${[...own, ...named].join("; ")}`];
    if (granted.replace === true) lines.push("replaces addresses that are in the way");
    else if (granted.replace !== false)
      lines.push(
        `replaces addresses that are in the way, where the configuration has true at ${granted.replace.configuration}`,
      );
    return lines;
  },
  decide(granted, { facts, operation, args }) {
    const [link, addresses, replace] = args;
    const isOwn = granted.own && typeof link === "string" && facts.ownedNodeLinks.has(link);
    if (!isOwn && !namesInclude(granted.links, facts, link))
      return denied(`"node-addresses" with ${JSON.stringify(link)} in "links" would allow it`);
    switch (operation) {
      case "list":
        return ALLOWED;
      case "ensure":
        if (replace !== false && !isOn(granted.replace, facts))
          return denied(`"node-addresses" with "replace" would allow it`);
        return allowedIf(
          areBesideGiven(addresses, facts.givenAddresses, isOwn ? "whole length too" : "given length"),
          "an address is not in the network of one that the call's IPAM plugin gave; no grant would allow it",
        );
      default:
        return denied(`"node-addresses" has no operation ${JSON.stringify(operation)}`);
    }
  },
});
