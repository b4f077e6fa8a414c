/**
 * @module Interface `forward-rules`: answered by the helper.
 */
import type * as Generated from "../generated/forward-rules.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const forwardRules = defineInterface<typeof Generated>("forward-rules", {
  allow: unitOperation("forward-rules.allow"),
  list: operation("forward-rules.list"),
  remove: unitOperation("forward-rules.remove"),
  isolate: unitOperation("forward-rules.isolate"),
  obstacles: operation("forward-rules.obstacles"),
  isolationOf: operation("forward-rules.isolation-of"),
});
