/**
 * @module Interface `node-routes`: answered by the helper.
 */
import type * as Generated from "../generated/node-routes.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const nodeRoutes = defineInterface<typeof Generated>("node-routes", {
  ensure: unitOperation("node-routes.ensure"),
  list: operation("node-routes.list"),
});
