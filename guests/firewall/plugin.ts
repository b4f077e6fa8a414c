/**
 * @module Entry of the plugin `firewall`.
 */
import * as batch from "cnidaria:plugin/batch@0.1.0";
import * as forwardRules from "cnidaria:plugin/forward-rules@0.1.0";
import * as log from "cnidaria:plugin/log@0.1.0";

import { definePlugin } from "../sdk/index.ts";
import { createFirewall } from "./firewall.ts";

export const { chained } = definePlugin({ chained: createFirewall({ batch, forwardRules, log }) });
