/**
 * @module Grant `node-routes`: routes of the node to the attachment's own addresses, over its own links.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied } from "../capability.ts";
import { areGivenAddresses } from "../given-addresses.ts";

const scope = z.strictObject({});
/** Scope of `node-routes`: there is nothing to narrow. */
export type NodeRoutesScope = z.output<typeof scope>;

/** Routes of the node over links that this attachment made, to the addresses that the call was given, and no others. */
export const nodeRoutes = defineCapability<NodeRoutesScope>({
  name: "node-routes",
  operations: ["ensure", "list"],
  scope,
  covers: () => true,
  describe: () => ["routes the addresses that IPAM gave over links of the node that this attachment made"],
  decide(_granted, { facts, operation, args }) {
    const [link, addresses] = args;
    if (typeof link !== "string" || !facts.ownedNodeLinks.has(link))
      return denied(`this attachment did not make ${JSON.stringify(link)}; no grant would allow it`);
    switch (operation) {
      case "list":
        return ALLOWED;
      case "ensure":
        return allowedIf(
          areGivenAddresses(addresses, facts.givenAddresses),
          "an address is not one that the call was given; no grant would allow it",
        );
      default:
        return denied(`"node-routes" has no operation ${JSON.stringify(operation)}`);
    }
  },
});
