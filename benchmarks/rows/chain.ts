/**
 * @module The everyday chain as one list in a warm host: ADD and DEL are one pass, no plugin pays the start of a process. The reference's four
 * execs beside, in turn; then eight at a time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addByExecs, addStaying, chainRequest, deleteByExecs, type Side } from "../support/chain.ts";
import type { Context } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import { rateOf } from "../support/rate.ts";
import type { Row } from "../support/row.ts";
import { type Distribution, distribution, short, timed } from "../support/statistics.ts";

/** Between two steps: a warm host, not one that is saturated. */
const PAUSE_MS = 20;
/** Rounds that each side has before it is the other's turn. */
const BLOCK_ROUNDS = 5;
/** Rounds before the first that is measured: V8 has then optimised what the guests use most. */
const WARMING_ROUNDS = 150;
/** Number of the container that stays: its ports are nobody else's. */
const STAYING_INDEX = 5000;
const OURS = { name: "ours", octet: 89 } as const;

interface Samples {
  readonly add: number[];
  readonly del: number[];
}

async function timedAlone(step: () => unknown): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return timed(step);
}

async function measureOurs({ host }: Context, { add, del }: Samples, index: number): Promise<void> {
  using container = createContainerNamespace();
  const request = { ...chainRequest(OURS, index), containerId: `ours-${index}`, netns: container.path };
  add.push(await timedAlone(() => host.add(request)));
  del.push(await timedAlone(() => host.del(request)));
}

async function measureReference(side: Side, { add, del }: Samples, index: number): Promise<void> {
  using container = createContainerNamespace();
  const call = { side, container, containerId: `reference-${index}` };
  let result: unknown;
  add.push(
    await timedAlone(async () => {
      result = await addByExecs(call);
    }),
  );
  del.push(await timedAlone(() => deleteByExecs(call, result)));
}

/** Adds eight at a time, twice: the first round starts the sandboxes that it needs. Gives ADD/s. */
async function measureRate({ host }: Context, count: number): Promise<number> {
  const containers = Array.from({ length: count }, createContainerNamespace);
  const requests = containers.map(({ path }, index) => ({
    ...chainRequest(OURS, index),
    containerId: `rate-${index}`,
    netns: path,
  }));
  await rateOf(requests, (request) => host.add(request));
  await rateOf(requests, (request) => host.del(request));
  const rate = await rateOf(requests, (request) => host.add(request));
  await rateOf(requests, (request) => host.del(request));
  for (const container of containers) container[Symbol.dispose]();
  return rate;
}

interface Measured {
  readonly add: Distribution;
  readonly del: Distribution;
  readonly referenceAdd: Distribution | undefined;
  readonly referenceDel: Distribution | undefined;
}

/** Measures the rows. Without the reference plugins the ratios are not numbers. */
export async function measureChainList(context: Context): Promise<Row[]> {
  const [rounds, warming] = context.isQuick ? [10, 20] : [40, WARMING_ROUNDS];
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-chain-"));
  const folder = context.referenceFolder;
  const [ours, reference]: [Samples, Samples] = [
    { add: [], del: [] },
    { add: [], del: [] },
  ];
  // On a node that has been in use, others find the network's bridge and chains.
  using container = createContainerNamespace();
  const staying = { ...chainRequest(OURS, STAYING_INDEX), containerId: "ours-stays", netns: container.path };
  await context.host.add(staying);
  const removers = folder === undefined ? [] : [await addStaying({ name: "reference", folder, octet: 88, dataDir })];
  for (let index = 0; index < warming; index++) await measureOurs(context, { add: [], del: [] }, index);
  for (let begin = 0; begin < rounds; begin += BLOCK_ROUNDS) {
    for (let index = begin; index < begin + BLOCK_ROUNDS; index++) await measureOurs(context, ours, index);
    if (folder === undefined) continue;
    const side = { name: "reference", folder, octet: 88, dataDir };
    for (let index = begin; index < begin + BLOCK_ROUNDS; index++) await measureReference(side, reference, index);
  }
  const rate = await measureRate(context, context.isQuick ? 24 : 80);
  await context.host.del(staying);
  for (const remove of removers) await remove();
  rmSync(dataDir, { recursive: true, force: true });
  const summary = (samples: readonly number[]) => (samples.length === 0 ? undefined : distribution(samples));
  const measured = {
    add: distribution(ours.add),
    del: distribution(ours.del),
    referenceAdd: summary(reference.add),
    referenceDel: summary(reference.del),
  };
  return rowsOf(measured, rate);
}

function rowsOf(measured: Measured, rate: number): Row[] {
  const common = { measured: { ...measured, addPerSecond: rate }, sense: "most" } as const;
  const verbs = [
    { name: "add", verb: "ADD", own: measured.add, reference: measured.referenceAdd, boundMs: 15, share: 7 },
    { name: "del", verb: "DEL", own: measured.del, reference: measured.referenceDel, boundMs: 30, share: 5 },
  ] as const;
  const what = "the chain of four as one list, warm, p50";
  const timed = verbs.flatMap(({ name, verb, own, reference, boundMs, share }): Row[] => [
    {
      ...common,
      name: `list-${name}`,
      what: `ms: ${verb} of ${what}`,
      figure: own.p50,
      bound: boundMs,
      isRatio: false,
      beside: `p95 ${short(own.p95)} ms`,
    },
    {
      ...common,
      name: `list-${name}-ratio`,
      what: `× the reference's four execs: ${verb} of ${what}`,
      figure: own.p50 / (reference?.p50 ?? Number.NaN),
      bound: 1 / share,
      isRatio: true,
      beside: `the reference ${short(reference?.p50 ?? Number.NaN)} ms, p95 ${short(reference?.p95 ?? Number.NaN)}`,
    },
  ]);
  const eight = "ADD/s of the chain of four as one list, eight at a time";
  return [
    ...timed,
    { ...common, name: "list-parallel", what: eight, figure: rate, bound: 60, sense: "least", isRatio: false },
  ];
}
