/**
 * @module Interface `node-forwarding`: answered by the helper.
 */
import type * as Generated from "../generated/node-forwarding.d.ts";
import { defineInterface, unitOperation } from "./definition.ts";

export const nodeForwarding = defineInterface<typeof Generated>("node-forwarding", {
  enable: unitOperation("node-forwarding.enable"),
});
