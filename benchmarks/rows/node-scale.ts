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
    // Flows of both are in one table of the kernel's: neither is always the first.
    for (const name of round % 2 === 0 ? (["few", "many"] as const) : (["many", "few"] as const)) {
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

/** What the reference plugins do, with fewer attachments than ours: theirs slow down. */
interface ReferenceFigures {
  readonly size: number;
  /** Milliseconds, p50. */
  readonly addMs: { readonly few: number; readonly many: number };
  /** Packets a second, each the first of a flow, p50. */
  readonly firstPackets: { readonly few: number; readonly many: number };
}

async function measureReference(context: Context): Promise<ReferenceFigures | undefined> {
  if (context.referenceFolder === undefined) return undefined;
  const [size, rounds] = context.isQuick ? [20, 3] : [300, 9];
  await using stage = openStage("reference");
  const measure = async () => {
    const addMs = percentile((await stage.add(rounds)).total, 0.5);
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { forwarded, elapsedMs } = await stage.forward("first", PACKETS);
      rates.push((forwarded * 1000) / elapsedMs);
    }
    return { addMs, rate: percentile(rates, 0.5) };
  };
  await stage.fill(FEW);
  const few = await measure();
  await stage.fill(size);
  const many = await measure();
  return {
    size,
    addMs: { few: few.addMs, many: many.addMs },
    firstPackets: { few: few.rate, many: many.rate },
  };
}

/** Says beside a row what the reference does. */
function besideReference(row: Row, reference: ReferenceFigures | undefined, part: "addMs" | "firstPackets"): Row {
  if (reference === undefined) return row;
  const { few, many } = reference[part];
  const [before, after, unit] = part === "addMs" ? [few, many, "ms"] : [few / 1000, many / 1000, "thousand a second"];
  const text = `the reference with ${FEW} and ${reference.size}: ${short(before)} and ${short(after)} ${unit}`;
  return { ...row, measured: { ...row.measured, reference }, beside: `${row.beside ?? ""}; ${text}` };
}

/** Measures the rows. */
export async function measureNodeScale(context: Context): Promise<Row[]> {
  const { isQuick } = context;
  const sizes = isQuick ? { add: 50, forward: 100 } : { add: 2000, forward: 5000 };
  const reference = await measureReference(context);
  await using few = openStage();
  await using many = openStage();
  const pair = { few, many };
  await few.fill(FEW);
  await few.warm();
  await many.fill(sizes.add);
  await many.warm();
  const add = await measureAdds(pair, isQuick ? 10 : 60, sizes.add);
  await many.fill(sizes.forward);
  const rounds = isQuick ? 6 : 22;
  const established = await measureForwarding(pair, { kind: "established", rounds, size: sizes.forward });
  const first = await measureForwarding(pair, { kind: "first", rounds, size: sizes.forward });
  return [besideReference(add, reference, "addMs"), established, besideReference(first, reference, "firstPackets")];
}
