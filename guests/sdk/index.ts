/**
 * @module What a plugin is written with. `random.ts` and `clock.ts` are not here: a plugin imports them only if its world has those imports.
 */
export { importsWithoutNulls, withoutNulls } from "./absent.ts";
export { attempt, CODES, fail, must, PluginFailure, toPluginError } from "./errors.ts";
export type { Attempt } from "./errors.ts";
export { definePlugin } from "./plugin.ts";
export type { PluginExports } from "./plugin.ts";
export { allTogether, together } from "./together.ts";
export type { BatchImports, Step } from "./together.ts";
