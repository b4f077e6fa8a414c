/**
 * @module A plugin that repeats one operation: `reads` looks at `lo`, `changes` puts the addresses that IPAM gave on it, one at a time.
 */
import { add as addAddresses } from "cnidaria:plugin/container-addresses@0.1.0";
import { get } from "cnidaria:plugin/container-links@0.1.0";
import { add as addIpam } from "cnidaria:plugin/ipam@0.1.0";
import { definePlugin } from "../../../guests/sdk/index.ts";

interface Configuration {
  readonly reads: number;
  readonly changes: number;
}

export const { attachment } = definePlugin({
  attachment: {
    add: (request, container) => {
      const { reads, changes } = JSON.parse(request.configuration) as Configuration;
      const { ips } = addIpam();
      for (let count = 0; count < reads; count++) get(container, "lo");
      for (const { address } of ips.slice(0, changes)) addAddresses(container, "lo", [address]);
      return { interfaces: [], ips: [], routes: [] };
    },
    del: () => {},
    check: () => {},
  },
});
