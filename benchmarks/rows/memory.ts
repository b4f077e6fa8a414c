/**
 * @module Memory of a warm host, its helper and two warm sandboxes.
 */
import { bridgeNetwork, type Context } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import { listProcesses, readProportionalBytes, treeOf } from "../support/processes.ts";
import type { Row } from "../support/row.ts";
import { callShim, installShims } from "../support/shims.ts";
import { short } from "../support/statistics.ts";

const MEBIBYTE = 1024 * 1024;
const ROUNDS = 10;

/** Measures the row: after some calls, every process from the warm host down. */
export async function measureMemory(_context: Context): Promise<Row[]> {
  using shims = installShims(3);
  const network = bridgeNetwork("memory", "memory0", "10.96.0.0/16");
  for (let index = 0; index < ROUNDS; index++) {
    using container = createContainerNamespace();
    const call = { binDir: shims.binDir, containerId: `memory-${index}`, netns: container.path, network };
    await callShim({ ...call, command: "ADD" });
    await callShim({ ...call, command: "DEL" });
  }
  const host = listProcesses().find(
    ({ command }) => command.includes("warm-host.mjs") && command.includes(shims.stateDir),
  );
  if (host === undefined) throw new Error("no warm host was left behind");
  const processes = treeOf(host.pid).map((process) => ({
    ...process,
    mebibytes: readProportionalBytes(process.pid) / MEBIBYTE,
  }));
  const total = processes.reduce((sum, { mebibytes }) => sum + mebibytes, 0);
  const parts = processes.filter(({ mebibytes }) => mebibytes > 5).map(({ mebibytes }) => short(mebibytes));
  process.kill(host.pid, "SIGTERM");
  while (listProcesses().some(({ pid }) => pid === host.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  return [
    {
      name: "memory",
      what: "MiB: host + helper + two warm sandboxes, proportional set size",
      figure: total,
      bound: 180,
      sense: "most",
      isRatio: false,
      measured: {
        processes: processes.map(({ command, mebibytes }) => ({ command: command.slice(0, 80), mebibytes })),
      },
      beside: `${processes.length} processes, the larger ones ${parts.join(", ")} MiB`,
    },
  ];
}
