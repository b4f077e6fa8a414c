/**
 * @module Interface `container-sysctls`: answered by the helper.
 */
import type * as Generated from "../generated/container-sysctls.d.ts";
import { defineInterface, operation, unitOperation } from "./definition.ts";

export const containerSysctls = defineInterface<typeof Generated>("container-sysctls", {
  set: unitOperation("container-sysctls.set"),
  get: operation("container-sysctls.get"),
});
