/**
 * @module Interface `container-rules`: answered by the helper.
 */
import type * as Generated from "../generated/container-rules.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const containerRules = defineInterface<typeof Generated>("container-rules", {
  add: unitOperation("container-rules.add"),
  list: operation("container-rules.list"),
  freeTables: (context) => (container: unknown, from: number, count: number) =>
    // Generated code takes the bytes of what it is given.
    Uint32Array.from(context.askHelper("container-rules.free-tables", [container, from, count]) as readonly number[]),
  delete: unitOperation("container-rules.delete"),
});
