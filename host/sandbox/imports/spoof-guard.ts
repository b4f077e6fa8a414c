/**
 * @module Interface `spoof-guard`: answered by the helper.
 */
import type * as Generated from "../generated/spoof-guard.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const spoofGuard = defineInterface<typeof Generated>("spoof-guard", {
  set: unitOperation("spoof-guard.set"),
  get: operation("spoof-guard.get"),
  remove: unitOperation("spoof-guard.remove"),
});
