/**
 * @module Entry of the plugin `bandwidth`.
 */
import * as log from "cnidaria:plugin/log@0.1.0";
import * as shaping from "cnidaria:plugin/shaping@0.1.0";

import { definePlugin, importsWithoutNulls } from "../sdk/index.ts";
import { createBandwidth } from "./bandwidth.ts";

export const { chained } = definePlugin({ chained: createBandwidth({ log, shaping: importsWithoutNulls(shaping) }) });
