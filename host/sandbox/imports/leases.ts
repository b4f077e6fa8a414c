/**
 * @module Interface `leases`: answered by the helper.
 */
import type * as Generated from "../generated/leases.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const leases = defineInterface<typeof Generated>("leases", {
  reserveNext: operation("leases.reserve-next"),
  reserve: operation("leases.reserve"),
  list: operation("leases.list"),
  release: operation("leases.release"),
  countFree: operation("leases.count-free"),
});
