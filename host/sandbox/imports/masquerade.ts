/**
 * @module Interface `masquerade`: answered by the helper.
 */
import type * as Generated from "../generated/masquerade.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const masquerade = defineInterface<typeof Generated>("masquerade", {
  set: operation("masquerade.set"),
  list: operation("masquerade.list"),
  remove: operation("masquerade.remove"),
});
