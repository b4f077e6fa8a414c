/**
 * @module Interface `container-addresses`: answered by the helper.
 */
import type * as Generated from "../generated/container-addresses.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const containerAddresses = defineInterface<typeof Generated>("container-addresses", {
  add: unitOperation("container-addresses.add"),
  list: operation("container-addresses.list"),
  settle: unitOperation("container-addresses.settle"),
});
