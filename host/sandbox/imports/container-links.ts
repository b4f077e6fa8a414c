/**
 * @module Interface `container-links`: answered by the helper.
 */
import type * as Generated from "../generated/container-links.d.ts";
import { defineInterface, operation, startOperation, startedAnswer, unitOperation } from "./definition.ts";

export const containerLinks = defineInterface<typeof Generated>("container-links", {
  createVeth: operation("container-links.create-veth"),
  startVeth: startOperation("container-links.start-veth"),
  startedVeth: startedAnswer(),
  get: operation("container-links.get"),
  setUp: unitOperation("container-links.set-up"),
  setDown: unitOperation("container-links.set-down"),
  delete: unitOperation("container-links.delete"),
});
