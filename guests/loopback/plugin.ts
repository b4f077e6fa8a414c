/**
 * @module Entry of the plugin `loopback`.
 */
import * as addresses from "cnidaria:plugin/container-addresses@0.1.0";
import * as links from "cnidaria:plugin/container-links@0.1.0";

import { definePlugin } from "../sdk/index.ts";
import { createLoopback } from "./loopback.ts";

export const { attachment } = definePlugin({ attachment: createLoopback({ links, addresses }) });
