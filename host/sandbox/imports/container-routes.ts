/**
 * @module Interface `container-routes`: answered by the helper.
 */
import type * as Generated from "../generated/container-routes.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const containerRoutes = defineInterface<typeof Generated>("container-routes", {
  add: operation("container-routes.add"),
  list: operation("container-routes.list"),
  delete: operation("container-routes.delete"),
});
