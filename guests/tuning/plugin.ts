/**
 * @module Entry of the plugin `tuning`.
 */
import * as batch from "cnidaria:plugin/batch@0.1.0";
import * as linkAttributes from "cnidaria:plugin/container-link-attributes@0.1.0";
import * as links from "cnidaria:plugin/container-links@0.1.0";
import * as sysctls from "cnidaria:plugin/container-sysctls@0.1.0";

import { definePlugin, importsWithoutNulls } from "../sdk/index.ts";
import { createTuning } from "./tuning.ts";

export const { attachment } = definePlugin({
  attachment: createTuning({ batch, linkAttributes, links: importsWithoutNulls(links), sysctls }),
});
