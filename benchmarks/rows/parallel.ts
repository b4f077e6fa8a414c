/**
 * @module Eight attachments at a time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bridgeNetwork, type Context, pluginConfiguration } from "../support/context.ts";
import { type ContainerNamespace, createContainerNamespace } from "../support/namespaces.ts";
import { execPlugin } from "../support/exec.ts";
import { rateOf } from "../support/rate.ts";
import type { Row } from "../support/row.ts";
import { short } from "../support/statistics.ts";

async function referenceRates(
  folder: string,
  containers: readonly ContainerNamespace[],
): Promise<{ add: number; del: number }> {
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-reference-"));
  const configuration = pluginConfiguration(bridgeNetwork("reference-parallel", "refp0", "10.93.0.0/16", dataDir));
  const call = (command: "ADD" | "DEL") => (container: ContainerNamespace, index: number) =>
    execPlugin({ folder, command, containerId: `parallel-${index}`, netns: container.path, configuration });
  const add = await rateOf(containers, call("ADD"));
  const del = await rateOf(containers, call("DEL"));
  rmSync(dataDir, { recursive: true, force: true });
  return { add, del };
}

/** Measures the row. */
export async function measureParallel(context: Context): Promise<Row[]> {
  const count = context.isQuick ? 32 : 160;
  const containers = Array.from({ length: count }, createContainerNamespace);
  const network = bridgeNetwork("parallel", "parallel0", "10.92.0.0/16");
  const request = (container: ContainerNamespace, index: number) => ({
    network,
    containerId: `parallel-${index}`,
    netns: container.path,
    ifname: "eth0",
  });
  // The first round starts the sandboxes that eight at a time need.
  await rateOf(containers, (container, index) => context.host.add(request(container, index)));
  await rateOf(containers, (container, index) => context.host.del(request(container, index)));
  const add = await rateOf(containers, (container, index) => context.host.add(request(container, index)));
  const del = await rateOf(containers, (container, index) => context.host.del(request(container, index)));
  const reference =
    context.referenceFolder === undefined
      ? undefined
      : await referenceRates(context.referenceFolder, containers.slice(0, 40));
  for (const container of containers) container[Symbol.dispose]();
  return [
    {
      name: "parallel",
      what: "ADD/s, eight at a time",
      figure: add,
      bound: 100,
      sense: "least",
      isRatio: false,
      measured: { addPerSecond: add, delPerSecond: del, reference },
      beside:
        reference === undefined
          ? `DEL ${short(del)}/s`
          : `DEL ${short(del)}/s; reference ADD ${short(reference.add)}/s, DEL ${short(reference.del)}/s: ours ${short(add / reference.add)} × and ${short(del / reference.del)} ×`,
    },
  ];
}
