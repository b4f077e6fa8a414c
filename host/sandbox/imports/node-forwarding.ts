/**
 * @module Interface `node-forwarding`: answered by the helper.
 */
import type * as Generated from "../generated/node-forwarding.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const nodeForwarding = defineInterface<typeof Generated>("node-forwarding", {
  enable: operation("node-forwarding.enable"),
});
