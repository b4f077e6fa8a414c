/**
 * @module Interface `log`: answered in the sandbox, lines go to the host.
 */
import type { LogLine } from "../../helper/protocol.ts";
import type * as Generated from "../generated/log.d.ts";
import { defineInterface } from "./definition.ts";

export const log = defineInterface<typeof Generated>("log", {
  write: (context) => (level: LogLine["level"], message: string) => context.log(level, message),
});
