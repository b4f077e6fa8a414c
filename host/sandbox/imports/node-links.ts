/**
 * @module Interface `node-links`: answered by the helper.
 */
import type * as Generated from "../generated/node-links.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const nodeLinks = defineInterface<typeof Generated>("node-links", {
  ensureBridge: operation("node-links.ensure-bridge"),
  get: operation("node-links.get"),
  waitUntilUp: operation("node-links.wait-until-up"),
});
