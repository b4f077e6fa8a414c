/**
 * @module What many attachments with ports and firewall cost: ADD with 2,000 of them on three bridges, and packets forwarded with 5,000, each
 * against 10 on another node of the same run, in turn.
 */
import type { Context } from "../support/context.ts";
import type { Row } from "../support/row.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { distribution, percentile, short } from "../support/statistics.ts";

const FEW = 10;
/** Rounds that each node has before it is the other's turn. */
const BLOCK_ROUNDS = 5;
const PACKETS = 30_000;

/** The two nodes. */
interface Pair {
  readonly few: Stage;
  readonly many: Stage;
}

async function measureAdds({ few, many }: Pair, rounds: number, size: number): Promise<Row> {
  const own = { few: [] as number[], many: [] as number[] };
  const total = { few: [] as number[], many: [] as number[] };
  for (let done = 0; done < rounds; done += BLOCK_ROUNDS) {
    const [atFew, atMany] = [await few.add(BLOCK_ROUNDS), await many.add(BLOCK_ROUNDS)];
    own.few.push(...atFew.own);
    own.many.push(...atMany.own);
    total.few.push(...atFew.total);
    total.many.push(...atMany.total);
  }
  const totals = { few: distribution(total.few), many: distribution(total.many) };
  const without = { few: distribution(own.few), many: distribution(own.many) };
  return {
    name: "node-scale",
    what: `× the ADD p50 at ${FEW} attachments with ports and firewall, at ${size} on three bridges, less the kernel's own time`,
    figure: without.many.p50 / without.few.p50,
    bound: 1.3,
    sense: "most",
    isRatio: true,
    measured: { ...without, totals },
    beside: `${short(without.few.p50)} and ${short(without.many.p50)} ms; with the kernel's ${short(totals.few.p50)} and ${short(totals.many.p50)} ms`,
  };
}

async function measureForwarding(
  { few, many }: Pair,
  { kind, rounds, size }: { kind: "established" | "first"; rounds: number; size: number },
): Promise<Row> {
  const rates = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ["few", "many"] as const) {
      const { forwarded, elapsedMs } = await { few, many }[name].forward(kind, PACKETS);
      rates[name].push((forwarded * 1000) / elapsedMs);
    }
  }
  const [atFew, atMany] = [percentile(rates.few, 0.5), percentile(rates.many, 0.5)];
  const what = kind === "first" ? "each the first of a flow" : "of an established flow";
  return {
    name: `forward-${kind}`,
    what: `× the packets a second that the node forwards at ${FEW} attachments, at ${size}: ${what}`,
    figure: atMany / atFew,
    bound: 0.9,
    sense: "least",
    isRatio: true,
    measured: { few: distribution(rates.few), many: distribution(rates.many) },
    beside: `${short(atFew / 1000)} and ${short(atMany / 1000)} thousand a second`,
  };
}

/** Measures the rows. */
export async function measureNodeScale({ isQuick }: Context): Promise<Row[]> {
  const sizes = isQuick ? { add: 50, forward: 100 } : { add: 2000, forward: 5000 };
  await using few = openStage();
  await using many = openStage();
  const pair = { few, many };
  await few.fill(FEW);
  await few.warm();
  await many.fill(sizes.add);
  const add = await measureAdds(pair, isQuick ? 10 : 60, sizes.add);
  await many.fill(sizes.forward);
  const rounds = isQuick ? 5 : 21;
  const established = await measureForwarding(pair, { kind: "established", rounds, size: sizes.forward });
  const first = await measureForwarding(pair, { kind: "first", rounds, size: sizes.forward });
  return [add, established, first];
}
