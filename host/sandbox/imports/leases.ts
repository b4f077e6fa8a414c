/**
 * @module Interface `leases`: answered by the helper.
 */
import type * as Generated from "../generated/leases.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const leases = defineInterface<typeof Generated>("leases", {
  reserveNext: operation("leases.reserve-next"),
  reserve: unitOperation("leases.reserve"),
  list: operation("leases.list"),
  release: unitOperation("leases.release"),
  countFree: operation("leases.count-free"),
});
