/**
 * @module Entry of the plugin `static`.
 */
import { definePlugin } from "../sdk/index.ts";
import { createStatic } from "./static.ts";

export const { addresses } = definePlugin({ addresses: createStatic() });
