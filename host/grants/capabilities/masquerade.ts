/**
 * @module Grant `masquerade`: source address translation for the attachment's own addresses.
 */

import * as z from "zod";
import { backends, backendsCover, decideBackend, describeBackends } from "../backends.ts";
import { ALLOWED, defineCapability, denied } from "../capability.ts";
import { areGiven } from "../given-addresses.ts";

const scope = z.strictObject({
  /** Packet filters that may be used. */
  backends,
});
/** Scope of `masquerade`. */
export type MasqueradeScope = z.output<typeof scope>;

/** Source address translation for the addresses that the call was given. */
export const masquerade = defineCapability<MasqueradeScope>({
  name: "masquerade",
  operations: ["set", "list", "remove"],
  scope,
  covers: (wider, narrower) => backendsCover(wider.backends, narrower.backends),
  describe: (granted) => [`masquerades the addresses that IPAM gave, ${describeBackends(granted.backends)}`],
  decide(granted, { facts, operation, args }) {
    switch (operation) {
      case "set":
        if (!areGiven(args[0], facts.givenAddresses))
          return denied("an address is not one that the call was given; no grant would allow it");
        return decideBackend(granted.backends, "masquerade", args[1]);
      case "list":
      case "remove":
        return ALLOWED;
      default:
        return denied(`"masquerade" has no operation ${JSON.stringify(operation)}`);
    }
  },
});
