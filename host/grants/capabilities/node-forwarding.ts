/**
 * @module Grant `node-forwarding`: whether the node forwards packets.
 */

import * as z from "zod";
import { allowedIf, defineCapability } from "../capability.ts";

const scope = z.strictObject({ families: z.array(z.enum(["ipv4", "ipv6"])).default([]) });
/** Scope of `node-forwarding`. */
export type NodeForwardingScope = z.output<typeof scope>;

/** Turning on the node's forwarding, per family. */
export const nodeForwarding = defineCapability<NodeForwardingScope>({
  name: "node-forwarding",
  operations: ["enable"],
  scope,
  covers: (wider, narrower) => narrower.families.every((family) => wider.families.includes(family)),
  describe: (granted) => [`makes the node forward packets: ${granted.families.join(", ") || "none"}`],
  decide: (granted, { operation, args }) =>
    allowedIf(
      operation === "enable" && granted.families.some((family) => family === args[0]),
      `"node-forwarding" with ${JSON.stringify(args[0])} in "families" would allow it`,
    ),
});
