/**
 * @module Grant `spoof-guard`: which hardware address a port of the attachment lets in.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied } from "../capability.ts";

const scope = z.strictObject({});
/** Scope of `spoof-guard`: there is nothing to narrow. */
export type SpoofGuardScope = z.output<typeof scope>;

/** Guarding the links that the attachment made. */
export const spoofGuard = defineCapability<SpoofGuardScope>({
  name: "spoof-guard",
  operations: ["set", "get", "remove"],
  scope,
  covers: () => true,
  describe: () => ["drops what the container sends under another hardware address, on links that this attachment made"],
  decide(_granted, { facts, operation, args: [port] }) {
    switch (operation) {
      case "set":
      case "get":
        return allowedIf(
          typeof port === "string" && facts.ownedNodeLinks.has(port),
          `${JSON.stringify(port)} is not a link of this attachment; no grant would allow it`,
        );
      case "remove":
        return ALLOWED;
      default:
        return denied(`"spoof-guard" has no operation ${JSON.stringify(operation)}`);
    }
  },
});
