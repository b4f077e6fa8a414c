/**
 * @module Interface `container-link-attributes`: answered by the helper.
 */
import type * as Generated from "../generated/container-link-attributes.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const containerLinkAttributes = defineInterface<typeof Generated>("container-link-attributes", {
  set: operation("container-link-attributes.set"),
  restore: unitOperation("container-link-attributes.restore"),
});
