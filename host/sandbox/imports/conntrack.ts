/**
 * @module Interface `conntrack`: answered by the helper.
 */
import type * as Generated from "../generated/conntrack.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const conntrack = defineInterface<typeof Generated>("conntrack", {
  forget: operation("conntrack.forget"),
});
