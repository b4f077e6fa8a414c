/**
 * @module Capabilities that chained plugins ask for, in pairs.
 */
import { PUBLISH_OPTIONS, webPort } from "../support/published-port.ts";
import { TUNING_PAIRS } from "./tuning-pairs.ts";

const ADDRESS = { address: { tag: "ipv4", val: [10, 9, 0, 2] }, prefixLength: 24 };

const ROUTE = { destination: { address: { tag: "ipv4", val: [10, 10, 0, 0] }, prefixLength: 24 } };

/** What is asked, a scope that does not cover it, and what the kernel says when it is done. */
export const CHAINED_PAIRS = [
  {
    capability: "container-addresses",
    ask: ["container-addresses", "add", "lo", [ADDRESS]],
    narrow: { from: "loopback", links: ["lo"] },
    heard: /10\.9\.0\.2/u,
  },
  {
    capability: "container-routes",
    ask: ["container-routes", "add", "lo", [ROUTE], "exclusive"],
    narrow: { links: ["lo"], tables: [100] },
    heard: /10\.10\.0\.0/u,
  },
  ...TUNING_PAIRS,
  {
    capability: "container-rules",
    ask: ["container-rules", "add", [{ source: { ...ADDRESS, prefixLength: 32 }, table: 100 }]],
    narrow: { tables: [{ first: 101, last: 200 }] },
    heard: /from 10\.9\.0\.2 lookup 100/u,
  },
  {
    capability: "host-ports",
    ask: ["host-ports", "publish", [webPort(ADDRESS)], PUBLISH_OPTIONS],
    narrow: { ports: [{ first: 8081, last: 8999 }] },
    heard: /8080.*10\.9\.0\.2/u,
  },
] as const;
