/**
 * @module Entry of the plugin `portmap`.
 */
import * as hostPorts from "cnidaria:plugin/host-ports@0.1.0";
import * as log from "cnidaria:plugin/log@0.1.0";

import { definePlugin, importsWithoutNulls } from "../sdk/index.ts";
import { createPortmap } from "./portmap.ts";

export const { chained } = definePlugin({ chained: createPortmap({ hostPorts: importsWithoutNulls(hostPorts), log }) });
