/**
 * @module Whether the older part of the kernel filters anything in a namespace. Running its programs to find out would load it.
 */
import { readFileSync } from "node:fs";

import type { IpFamily } from "../../spec/ip.ts";
import { runInNetns, type Netns } from "../netns.ts";
import type { TableName } from "./rule-text.ts";

/** Tables that were used in the namespace, a line each. Source: net/ipv4/netfilter/ip_tables.c. */
const NAMES: Readonly<Record<IpFamily, string>> = {
  ipv4: "/proc/thread-self/net/ip_tables_names",
  ipv6: "/proc/thread-self/net/ip6_tables_names",
};

/** Tells whether `iptables-legacy` has a table in a namespace: nothing there means that nothing was ever asked of it. */
export function hasLegacyTable(netns: Pick<Netns, "fd">, family: IpFamily, table: TableName): boolean {
  return runInNetns(netns, () => {
    try {
      return readFileSync(NAMES[family], "utf8").split("\n").includes(table);
    } catch {
      // No such part in this kernel.
      return false;
    }
  });
}
