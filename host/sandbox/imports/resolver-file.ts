/**
 * @module Interface `resolver-file`: answered by the helper.
 */
import type * as Generated from "../generated/resolver-file.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const resolverFile = defineInterface<typeof Generated>("resolver-file", {
  read: operation("resolver-file.read"),
});
