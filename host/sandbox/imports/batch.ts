/**
 * @module Interface `batch`: operations are put off in the sandbox, and sent to the helper in one frame.
 */
import type * as Generated from "../generated/batch.d.ts";
import { defineInterface } from "./definition.ts";

export const batch = defineInterface<typeof Generated>("batch", {
  begin: (context) => () => context.beginBatch(),
  run: (context) => () => context.runBatch(),
});
