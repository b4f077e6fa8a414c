/**
 * @module Interface `container-routes`: answered by the helper.
 */
import type * as Generated from "../generated/container-routes.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const containerRoutes = defineInterface<typeof Generated>("container-routes", {
  add: unitOperation("container-routes.add"),
  list: operation("container-routes.list"),
  delete: unitOperation("container-routes.delete"),
});
