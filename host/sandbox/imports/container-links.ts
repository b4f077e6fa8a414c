/**
 * @module Interface `container-links`: answered by the helper.
 */
import type * as Generated from "../generated/container-links.d.ts";
import { defineInterface, operation } from "./definition.ts";

export const containerLinks = defineInterface<typeof Generated>("container-links", {
  createVeth: operation("container-links.create-veth"),
  get: operation("container-links.get"),
  setUp: operation("container-links.set-up"),
  setDown: operation("container-links.set-down"),
  delete: operation("container-links.delete"),
});
