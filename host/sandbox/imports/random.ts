/**
 * @module Interface `random`: answered in the sandbox.
 */
import { randomFillSync } from "node:crypto";
import type * as Generated from "../generated/random.d.ts";
import { defineInterface } from "./definition.ts";

/** Most bytes of one call. Source: wit/random.wit. */
export const RANDOM_MAX_BYTES = 256;

export const random = defineInterface<typeof Generated>("random", {
  bytes: () => (count: number) => {
    if (count > RANDOM_MAX_BYTES) throw new RangeError(`${count} random bytes, ${RANDOM_MAX_BYTES} permitted`);
    return randomFillSync(new Uint8Array(count));
  },
});
