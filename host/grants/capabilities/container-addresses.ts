/**
 * @module Grant `container-addresses`: addresses of the container's links.
 */

import * as z from "zod";
import { allowedIf, defineCapability, denied } from "../capability.ts";
import { areGiven } from "../given-addresses.ts";
import { OWN_LINK, describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";

const scope = z.strictObject({
  /** `ipam`: may add the addresses that the call was given. `loopback`: may add none, only read. */
  from: z.enum(["ipam", "loopback"]),
  links: z.array(nameReference).default([...OWN_LINK]),
});
/** Scope of `container-addresses`. */
export type ContainerAddressesScope = z.output<typeof scope>;

/** Addresses of the container's links. */
export const containerAddresses = defineCapability<ContainerAddressesScope>({
  name: "container-addresses",
  operations: ["add", "list", "settle"],
  scope,
  covers(wider, narrower) {
    return (wider.from === "ipam" || narrower.from === "loopback") && namesCover(wider.links, narrower.links);
  },
  describe(granted) {
    const links = describeReferences(granted.links);
    return [
      granted.from === "ipam"
        ? `puts the addresses that IPAM gave on links of the container: ${links}`
        : `reads addresses of links of the container: ${links}`,
    ];
  },
  decide(granted, { facts, operation, args }) {
    const [, link, addresses] = args;
    if (!namesInclude(granted.links, facts, link))
      return denied(`"container-addresses" with ${JSON.stringify(link)} in "links" would allow it`);
    switch (operation) {
      case "add":
        if (granted.from !== "ipam") return denied(`"container-addresses" with "from": "ipam" would allow it`);
        return allowedIf(
          areGiven(addresses, facts.givenAddresses),
          "an address is not one that the call's IPAM plugin gave; no grant would allow it",
        );
      case "list":
      case "settle":
        return { allowed: true };
      default:
        return denied(`"container-addresses" has no operation ${JSON.stringify(operation)}`);
    }
  },
});
