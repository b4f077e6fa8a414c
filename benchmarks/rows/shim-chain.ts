/**
 * @module The everyday chain by four execs, as a runtime makes them: the reference's executables and ours, in turn.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addByExecs, addStaying, deleteByExecs, type Side } from "../support/chain.ts";
import type { Context } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { installShims, type Shims, stopWarmHost } from "../support/shims.ts";
import { type Distribution, distribution, short, timed } from "../support/statistics.ts";

/** Rounds that each side has before it is the other's turn: each finds its own files and code in the caches. */
const BLOCK_ROUNDS = 5;
const PAUSE_MS = 20;
/** Rounds before the first that is measured: V8 has then optimised what the guests use most. */
const WARMING_ROUNDS = 150;

/** Adds a container to the chain, measures how long that took, and removes it again. */
async function measureChain(side: Side, index: number): Promise<number> {
  using container = createContainerNamespace();
  const call = { side, container, containerId: `${side.name}-${index}` };
  let result: unknown;
  await new Promise((done) => setTimeout(done, PAUSE_MS));
  const spent = await timed(async () => {
    result = await addByExecs(call);
  });
  await deleteByExecs(call, result);
  return spent;
}

/** Measures sides in turn, in blocks. The first chain of each is not counted: it starts what stays. */
async function measureInTurn(
  sides: readonly Side[],
  { rounds, warming }: { readonly rounds: number; readonly warming: number },
): Promise<Record<string, Distribution>> {
  const samples: Record<string, number[]> = Object.fromEntries(sides.map(({ name }) => [name, []]));
  const staying: (() => Promise<void>)[] = [];
  for (const side of sides) staying.push(await addStaying(side));
  // The host of our sides is one and the same.
  for (let index = 0; index < warming; index++) await measureChain(sides.at(1) ?? (sides[0] as Side), index);
  for (const side of sides) await measureChain(side, -1);
  for (let begin = 0; begin < rounds; begin += BLOCK_ROUNDS)
    for (const side of sides)
      for (let index = begin; index < Math.min(rounds, begin + BLOCK_ROUNDS); index++)
        samples[side.name]?.push(await measureChain(side, index));
  for (const remove of staying) await remove();
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, distribution(values)]));
}

/** Measures the chain with nothing running: its first exec starts the warm host that the others use. */
async function measureCold(shims: Shims, side: Side, rounds: number): Promise<Distribution> {
  const samples: number[] = [];
  const remove = await addStaying(side);
  for (let index = 0; index < rounds; index++) {
    await stopWarmHost(shims);
    samples.push(await measureChain(side, index));
  }
  await remove();
  return distribution(samples);
}

/** The bounds, by what is measured. */
const BOUNDS = [
  { name: "native", bound: 0.6, what: "the native shim and a warm host" },
  { name: "node", bound: 1.5, what: "the Node shim and a warm host" },
  { name: "cold", bound: 4, what: "what shim install installs, from nothing running" },
] as const;

/** Measures the rows. Without the reference plugins there is nothing to compare with: the figures are not numbers. */
export async function measureShimChain(context: Context): Promise<Row[]> {
  const [rounds, warming] = context.isQuick ? [5, 20] : [25, WARMING_ROUNDS];
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-chain-"));
  using shims = installShims(30);
  const sideOf = (name: string, folder: string | undefined, octet: number): Side[] =>
    folder === undefined ? [] : [{ name, folder, octet, dataDir }];
  const sides = [
    ...sideOf("reference", context.referenceFolder, 97),
    ...sideOf("native", shims.nativeBinDir, 98),
    ...sideOf("node", shims.binDir, 96),
  ];
  const measured = await measureInTurn(sides, { rounds, warming });
  const coldSide = sideOf("cold", shims.nativeBinDir ?? shims.binDir, 99);
  const cold = await Promise.all(coldSide.map((side) => measureCold(shims, side, Math.ceil(rounds / 2))));
  await stopWarmHost(shims);
  rmSync(dataDir, { recursive: true, force: true });
  const all: Readonly<Record<string, Distribution | undefined>> = { ...measured, cold: cold[0] };
  const reference = all["reference"]?.p50 ?? Number.NaN;
  return BOUNDS.map(({ name, bound, what }) => ({
    name: `chain-${name}`,
    what: `× the reference: ADD of four plugins by four execs of ${what}, p50`,
    figure: (all[name]?.p50 ?? Number.NaN) / reference,
    bound,
    sense: "most",
    isRatio: true,
    measured: all,
    beside: `${short(all[name]?.p50 ?? Number.NaN)} ms, p95 ${short(all[name]?.p95 ?? Number.NaN)}; the reference ${short(reference)} ms`,
  }));
}
