/**
 * @module Entry of the plugin `sbr`.
 */
import * as batch from "cnidaria:plugin/batch@0.1.0";
import * as containerRoutes from "cnidaria:plugin/container-routes@0.1.0";
import * as containerRules from "cnidaria:plugin/container-rules@0.1.0";

import { definePlugin, importsWithoutNulls } from "../sdk/index.ts";
import { createSbr } from "./sbr.ts";

export const { attachment } = definePlugin({
  attachment: createSbr({
    batch,
    containerRoutes: importsWithoutNulls(containerRoutes),
    containerRules: importsWithoutNulls(containerRules),
  }),
});
