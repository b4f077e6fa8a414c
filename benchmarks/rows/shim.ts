/**
 * @module One ADD by a shim: with nothing running, and with a warm host left behind. Cold by the Node shim, which is the slower kind;
 * warm by what `shim install` installs here, the Node shim beside.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bridgeNetwork, type Context, pluginConfiguration } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import { execPlugin } from "../support/exec.ts";
import type { Row } from "../support/row.ts";
import { callShim, installShims, type Shims, waitForSilence } from "../support/shims.ts";
import { distribution, short, timed } from "../support/statistics.ts";

const NETWORK = bridgeNetwork("shim", "shim0", "10.94.0.0/16");

async function measureShims(shims: Shims, rounds: number, isCold: boolean): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < rounds; index++) {
    using container = createContainerNamespace();
    const call = { binDir: shims.binDir, containerId: `shim-${index}`, netns: container.path, network: NETWORK };
    if (isCold) await waitForSilence(shims);
    samples.push(await timed(() => callShim({ ...call, command: "ADD" })));
    if (isCold) await waitForSilence(shims);
    await callShim({ ...call, command: "DEL" });
    if (!isCold) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return samples;
}

async function measureReference(folder: string, rounds: number): Promise<number[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-reference-"));
  const configuration = pluginConfiguration(bridgeNetwork("reference-shim", "refs0", "10.95.0.0/16", dataDir));
  const samples: number[] = [];
  for (let index = 0; index < rounds; index++) {
    using container = createContainerNamespace();
    const call = { folder, containerId: `reference-${index}`, netns: container.path, configuration };
    samples.push(await timed(() => execPlugin({ ...call, command: "ADD" })));
    await execPlugin({ ...call, command: "DEL" });
  }
  rmSync(dataDir, { recursive: true, force: true });
  return samples;
}

/** Starts Node to do nothing: the unit of these rows. */
export const startNode = async (): Promise<unknown> => execFileSync(process.execPath, ["-e", "0"], { env: {} });

async function measureBareNode(rounds: number): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < rounds; index++) samples.push(await timed(startNode));
  return samples;
}

async function measureCold(rounds: number): Promise<number[]> {
  using shims = installShims(0);
  const samples = await measureShims(shims, rounds, true);
  await waitForSilence(shims);
  return samples;
}

async function measureWarm(rounds: number, choose: (shims: Shims) => string): Promise<number[]> {
  using installed = installShims(2);
  const shims = { ...installed, binDir: choose(installed) };
  // The first ones start the host and its sandboxes.
  await measureShims(shims, 5, false);
  const samples = await measureShims(shims, rounds, false);
  await waitForSilence(shims);
  return samples;
}

/** Measures the rows. */
export async function measureShim(context: Context): Promise<Row[]> {
  const rounds = context.isQuick ? 5 : 25;
  const cold = distribution(await measureCold(rounds));
  const bareNode = distribution(await measureBareNode(rounds));
  const warm = distribution(await measureWarm(rounds, ({ binDir, nativeBinDir }) => nativeBinDir ?? binDir));
  const warmNode = distribution(await measureWarm(rounds, ({ binDir }) => binDir));
  const reference =
    context.referenceFolder === undefined
      ? undefined
      : distribution(await measureReference(context.referenceFolder, rounds));
  const measured = { cold, warm, warmNode, bareNode, reference };
  const ratio = (figure: number) =>
    reference === undefined ? "" : `, ${short(figure / reference.p50)} × the reference's ${short(reference.p50)} ms`;
  return [
    {
      name: "shim-cold",
      what: "ms: one ADD by the Node shim with nothing running, p50",
      figure: cold.p50,
      bound: 400,
      sense: "most",
      isRatio: false,
      measured,
      beside: `p95 ${short(cold.p95)} ms${ratio(cold.p50)}`,
    },
    {
      name: "shim-warm",
      what: "× a bare node start, 10 ms taken off: one ADD by the installed shim with a warm host, p50",
      figure: (warm.p50 - 10) / bareNode.p50,
      bound: 1.5,
      sense: "most",
      isRatio: true,
      measured,
      beside: `${short(warm.p50)} ms, bare node ${short(bareNode.p50)} ms${ratio(warm.p50)}; by the Node shim ${short(warmNode.p50)} ms, ${short((warmNode.p50 - 10) / bareNode.p50)} ×`,
    },
  ];
}
