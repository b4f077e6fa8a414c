/**
 * @module Interface `container-rules`: answered by the helper.
 */
import type * as Generated from "../generated/container-rules.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const containerRules = defineInterface<typeof Generated>("container-rules", {
  add: unitOperation("container-rules.add"),
  list: operation("container-rules.list"),
  freeTables: operation("container-rules.free-tables"),
  delete: unitOperation("container-rules.delete"),
});
