/**
 * @module Interface `node-addresses`: answered by the helper.
 */
import type * as Generated from "../generated/node-addresses.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const nodeAddresses = defineInterface<typeof Generated>("node-addresses", {
  ensure: unitOperation("node-addresses.ensure"),
  list: operation("node-addresses.list"),
});
