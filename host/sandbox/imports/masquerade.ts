/**
 * @module Interface `masquerade`: answered by the helper.
 */
import type * as Generated from "../generated/masquerade.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const masquerade = defineInterface<typeof Generated>("masquerade", {
  set: unitOperation("masquerade.set"),
  list: operation("masquerade.list"),
  remove: unitOperation("masquerade.remove"),
});
