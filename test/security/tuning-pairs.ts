/**
 * @module Capabilities that change a container which is there already, in pairs.
 */

/** A setting whose change the kernel announces. */
const RP_FILTER = "net.ipv4.conf.lo.rp_filter";

/** What is asked, a scope that does not cover it, and what the kernel says when it is done. */
export const TUNING_PAIRS = [
  {
    capability: "container-link-attributes",
    ask: ["container-link-attributes", "set", "lo", { mtuBytes: 1400 }],
    narrow: { links: ["lo"], set: ["mac"] },
    heard: /lo.* mtu 1400/u,
  },
  {
    capability: "container-sysctls",
    ask: ["container-sysctls", "set", [{ name: RP_FILTER, value: "2" }]],
    narrow: { names: [{ name: RP_FILTER, values: ["1"] }] },
    heard: /rp_filter loose/u,
  },
] as const;
