/**
 * @module Capabilities that are about the pair which the attachment has already, in pairs.
 */

/** Name of the pair's end on the node. */
export const NODE_END = "asks1";

const RATE = { bitsPerSecond: "1000000", burstBits: "1000000" };

/** What is asked, a scope that does not cover it, and what the kernel says when it is done. */
export const LINK_PAIRS = [
  {
    capability: "shaping",
    ask: ["shaping", "set", NODE_END, { egress: RATE }],
    isOnLink: true,
    narrow: { rates: [{ minimumBitsPerSecond: 2_000_000, maximumBitsPerSecond: 3_000_000 }] },
    heard: /bwp[0-9a-f]{12}/u,
  },
  {
    capability: "node-routes",
    ask: ["node-routes", "ensure", NODE_END, [{ tag: "ipv4", val: [10, 9, 0, 2] }]],
    isOnLink: true,
    heard: /10\.9\.0\.2 dev asks1/u,
  },
  {
    capability: "spoof-guard",
    ask: ["spoof-guard", "set", NODE_END, [2, 0, 0, 0, 0, 9]],
    isOnLink: true,
    heard: /02:00:00:00:00:09/u,
  },
] as const;
