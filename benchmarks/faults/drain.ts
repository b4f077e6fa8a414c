/**
 * @module A node is drained: all attachments of a network go at once.
 */
import { createContext } from "../support/context.ts";
import type { Row } from "../support/row.ts";
import { percentile, short, timed } from "../support/statistics.ts";
import { addAll, addAllByReference, createContainers, portsNetwork } from "./attachments.ts";

const COUNT = 100;
const COUNT_QUICK = 20;
const BOUND = 10;
const ROUNDS = 3;

/** Measures the row. */
export async function measureDrain(isQuick: boolean): Promise<Row[]> {
  const count = isQuick ? COUNT_QUICK : COUNT;
  await using context = await createContext(isQuick);
  const { host, referenceFolder: folder } = context;
  const network = portsNetwork("drain0", "10.92.0.0/16");
  const samples: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const containers = createContainers(count);
    await addAll(host, network, containers);
    // A GC that keeps nothing is the drain of a network: DEL of each, some at a time, whose links go in batches.
    const took = await timed(() => host.gc({ network, valid: [] }));
    // The first makes the host warm.
    if (round > 0) samples.push(took);
    for (const container of containers) container[Symbol.dispose]();
  }
  const ms = percentile(samples, 0.5);
  const reference = folder === undefined ? undefined : await measureReference(folder, count);
  if (reference === undefined) return [];
  return [
    {
      name: "drain",
      what: `× the reference's rate of removing ${count} attachments at once`,
      figure: reference / ms,
      bound: BOUND,
      sense: "least",
      isRatio: true,
      measured: { milliseconds: samples, referenceMilliseconds: reference },
      beside: `${short(ms)} ms by one GC that keeps nothing; the reference ${short(reference)} ms by DELs, eight at a time`,
    },
  ];
}

/** As many at a time as make it fastest. */
async function measureReference(folder: string, count: number): Promise<number> {
  const network = portsNetwork("drainref0", "10.93.0.0/16");
  const containers = createContainers(count);
  const took = await timed(await addAllByReference(folder, network, containers));
  for (const container of containers) container[Symbol.dispose]();
  return took;
}
