/**
 * @module Interface `container-addresses`: answered by the helper.
 */
import type * as Generated from "../generated/container-addresses.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const containerAddresses = defineInterface<typeof Generated>("container-addresses", {
  add: operation("container-addresses.add"),
  list: operation("container-addresses.list"),
  settle: operation("container-addresses.settle"),
});
