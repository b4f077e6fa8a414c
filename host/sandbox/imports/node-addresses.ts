/**
 * @module Interface `node-addresses`: answered by the helper.
 */
import type * as Generated from "../generated/node-addresses.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const nodeAddresses = defineInterface<typeof Generated>("node-addresses", {
  ensure: operation("node-addresses.ensure"),
  list: operation("node-addresses.list"),
});
