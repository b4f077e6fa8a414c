/**
 * @module Interface `clock`: answered in the sandbox.
 */
import type * as Generated from "../generated/clock.d.ts";
import { defineInterface } from "./definition.ts";

export const clock = defineInterface<typeof Generated>("clock", {
  now: () => () => {
    const milliseconds = Date.now();
    return { seconds: Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1_000_000 };
  },
});
