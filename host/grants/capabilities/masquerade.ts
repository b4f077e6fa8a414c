/**
 * @module Grant `masquerade`: source address translation for the attachment's own addresses.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied } from "../capability.ts";
import { areGiven } from "../given-addresses.ts";

const scope = z.strictObject({});
/** Scope of `masquerade`: there is nothing to narrow. */
export type MasqueradeScope = z.output<typeof scope>;

/** Source address translation for the addresses that the call was given. */
export const masquerade = defineCapability<MasqueradeScope>({
  name: "masquerade",
  operations: ["set", "list", "remove"],
  scope,
  covers: () => true,
  describe: () => ["masquerades the addresses that IPAM gave"],
  decide(_granted, { facts, operation, args }) {
    switch (operation) {
      case "set":
        return allowedIf(
          areGiven(args[0], facts.givenAddresses),
          "an address is not one that the call was given; no grant would allow it",
        );
      case "list":
      case "remove":
        return ALLOWED;
      default:
        return denied(`"masquerade" has no operation ${JSON.stringify(operation)}`);
    }
  },
});
