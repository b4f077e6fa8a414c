/**
 * @module Entry of the plugin `host-local`.
 */
import * as leases from "cnidaria:plugin/leases@0.1.0";
import * as resolverFile from "cnidaria:plugin/resolver-file@0.1.0";

import { definePlugin } from "../sdk/index.ts";
import { createHostLocal } from "./host-local.ts";

export const { addresses } = definePlugin({ addresses: createHostLocal({ leases, resolverFile }) });
