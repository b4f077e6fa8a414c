/**
 * @module Entry of the plugin `ptp`.
 */
import * as batch from "cnidaria:plugin/batch@0.1.0";
import * as containerAddresses from "cnidaria:plugin/container-addresses@0.1.0";
import * as containerLinks from "cnidaria:plugin/container-links@0.1.0";
import * as containerRoutes from "cnidaria:plugin/container-routes@0.1.0";
import * as ipam from "cnidaria:plugin/ipam@0.1.0";
import * as masquerade from "cnidaria:plugin/masquerade@0.1.0";
import * as nodeAddresses from "cnidaria:plugin/node-addresses@0.1.0";
import * as nodeForwarding from "cnidaria:plugin/node-forwarding@0.1.0";
import * as nodeLinks from "cnidaria:plugin/node-links@0.1.0";
import * as nodeRoutes from "cnidaria:plugin/node-routes@0.1.0";

import { definePlugin, importsWithoutNulls } from "../sdk/index.ts";
import { createPtp } from "./ptp.ts";

export const { attachment } = definePlugin({
  attachment: createPtp({
    batch,
    containerAddresses,
    containerLinks,
    containerRoutes: importsWithoutNulls(containerRoutes),
    ipam: importsWithoutNulls(ipam),
    masquerade,
    nodeAddresses,
    nodeForwarding,
    nodeLinks,
    nodeRoutes,
  }),
});
