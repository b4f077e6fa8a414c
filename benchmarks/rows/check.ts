/**
 * @module CHECK of the everyday chain as one list in a warm host, the reference's execs beside, without that of its `portmap`, which fails.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addByExecs, chainRequest, checkByExecs, deleteByExecs } from "../support/chain.ts";
import type { Context } from "../support/context.ts";
import { createContainerNamespace } from "../support/namespaces.ts";
import type { Row } from "../support/row.ts";
import { type Distribution, distribution, short, timed } from "../support/statistics.ts";

const PAUSE_MS = 20;
/** Calls before the first that is measured. */
const WARMING_ROUNDS = 10;

/** Measures one step, again and again. */
async function sample(rounds: number, step: () => Promise<unknown>): Promise<Distribution> {
  const samples: number[] = [];
  for (let round = -WARMING_ROUNDS; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const spent = await timed(step);
    if (round >= 0) samples.push(spent);
  }
  return distribution(samples);
}

async function measureOurs({ host }: Context, rounds: number): Promise<Distribution> {
  using container = createContainerNamespace();
  const request = {
    ...chainRequest({ name: "check", octet: 87 }, 9_000),
    containerId: "check",
    netns: container.path,
  };
  await host.add(request);
  const spent = await sample(rounds, () => host.check(request));
  await host.del(request);
  return spent;
}

async function measureReference(folder: string, rounds: number): Promise<Distribution> {
  using container = createContainerNamespace();
  const dataDir = mkdtempSync(join(tmpdir(), "cnidaria-bench-check-"));
  const call = { side: { name: "reference-check", folder, octet: 86, dataDir }, container, containerId: "check" };
  const result = await addByExecs(call);
  const spent = await sample(rounds, () => checkByExecs(call, result));
  await deleteByExecs(call, result);
  rmSync(dataDir, { recursive: true, force: true });
  return spent;
}

/** Measures the row. */
export async function measureCheck(context: Context): Promise<Row[]> {
  const rounds = context.isQuick ? 10 : 40;
  const ours = await measureOurs(context, rounds);
  const reference =
    context.referenceFolder === undefined ? undefined : await measureReference(context.referenceFolder, rounds);
  return [
    {
      name: "check",
      what: "ms: CHECK of the chain of four as one list, warm host, p50",
      figure: ours.p50,
      bound: 15,
      sense: "most",
      isRatio: false,
      measured: { ours, reference },
      beside:
        reference === undefined
          ? undefined
          : `p95 ${short(ours.p95)} ms; ${short(ours.p50 / reference.p50)} × the reference's three execs (its portmap fails), ${short(reference.p50)} ms`,
    },
  ];
}
