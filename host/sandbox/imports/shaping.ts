/**
 * @module Interface `shaping`: answered by the helper.
 */
import type * as Generated from "../generated/shaping.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const shaping = defineInterface<typeof Generated>("shaping", {
  find: operation("shaping.find"),
  set: operation("shaping.set"),
  get: operation("shaping.get"),
  remove: unitOperation("shaping.remove"),
});
