/**
 * @module Interface `host-ports`: answered by the helper.
 */
import type * as Generated from "../generated/host-ports.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const hostPorts = defineInterface<typeof Generated>("host-ports", {
  publish: unitOperation("host-ports.publish"),
  list: operation("host-ports.list"),
  occupied: operation("host-ports.occupied"),
  withdraw: unitOperation("host-ports.withdraw"),
});
