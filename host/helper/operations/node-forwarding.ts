/**
 * @module `node-forwarding`: whether the node forwards packets. Stays on, so nothing is written to undo it.
 */
import * as z from "zod";
import { writeSysctl } from "../../kernel/sysctl.ts";
import { IP_FAMILY } from "./arguments.ts";
import { operation } from "./operation.ts";
import type { OperationInterface } from "./operation.ts";

export const NODE_FORWARDING: OperationInterface = {
  name: "node-forwarding",
  errors: {},
  otherwise: "unsupported",
  operations: {
    enable: operation({
      effect: "change",
      maxCalls: 16,
      schema: z.tuple([IP_FAMILY]),
      run: ({ state }, [family]) => {
        writeSysctl(state.node.netns, { name: family === "ipv4" ? "ip_forward" : "ipv6_forwarding" }, 1);
      },
    }),
  },
};
