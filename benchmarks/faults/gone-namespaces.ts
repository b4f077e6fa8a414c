/**
 * @module DEL after the namespace is gone: what is left in the packet filter.
 */
import { execFileSync } from "node:child_process";
import { createContext } from "../support/context.ts";
import type { Row } from "../support/row.ts";
import { forEach } from "../support/rate.ts";
import { addAll, addAllByReference, countRules, createContainers, portsNetwork, requestOf } from "./attachments.ts";

const COUNT = 100;
const COUNT_QUICK = 10;

/** Measures the row. */
export async function measureGoneNamespaces(isQuick: boolean): Promise<Row[]> {
  const count = isQuick ? COUNT_QUICK : COUNT;
  await using context = await createContext(isQuick);
  const { host, referenceFolder: folder } = context;
  const before = countRules();
  const network = portsNetwork("gone0", "10.90.0.0/16");
  const containers = createContainers(count);
  await addAll(host, network, containers);
  const made = countRules() - before;
  for (const container of containers) container[Symbol.dispose]();
  await forEach(containers, (container, index) => host.del(requestOf(network, container, index)));
  const left = countRules() - before;
  const reference = folder === undefined ? undefined : await measureReference(folder, count);
  const others =
    reference === undefined ? "" : `; the reference plugins made ${reference.made} and left ${reference.left}`;
  return [
    {
      name: "gone-namespaces",
      what: `rules left by DEL of ${count} attachments with masquerade and ports whose namespace is gone`,
      figure: left,
      bound: 0,
      sense: "most",
      isRatio: false,
      of: made,
      measured: { made, left, reference },
      beside: `${made} were made${others}`,
    },
  ];
}

async function measureReference(folder: string, count: number): Promise<{ made: number; left: number }> {
  const before = countRules();
  const network = portsNetwork("goneref0", "10.91.0.0/16");
  const containers = createContainers(count);
  const deleteAll = await addAllByReference(folder, network, containers);
  const made = countRules() - before;
  for (const container of containers) container[Symbol.dispose]();
  await deleteAll();
  const left = countRules() - before;
  // The namespace of the node is this program's own.
  for (const table of ["nat", "filter"]) execFileSync("iptables", ["-t", table, "-F"]);
  return { made, left };
}
