/**
 * @module Grant `conntrack`: forgetting flows to ports that the attachment has published.
 */

import * as z from "zod";
import { allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import { areGivenAddresses } from "../given-addresses.ts";

const scope = z.strictObject({});
/** Scope of `conntrack`: there is nothing to narrow. */
export type ConntrackScope = z.output<typeof scope>;

/** Forgetting flows. That each port is one that the attachment has published is the helper's to say: it has the record. */
export const conntrack = defineCapability<ConntrackScope>({
  name: "conntrack",
  operations: ["forget"],
  scope,
  covers: () => true,
  describe: () => ["has the node forget flows to ports that the attachment has published"],
  decide(_granted, { facts, operation, args: [flows] }) {
    if (operation !== "forget") return denied(`"conntrack" has no operation ${JSON.stringify(operation)}`);
    return allowedIf(
      Array.isArray(flows) &&
        areGivenAddresses(
          flows.map((flow: unknown) => fieldOf(flow, "containerAddress")),
          facts.givenAddresses,
        ),
      "an address is not one that the call was given; no grant would allow it",
    );
  },
});
