/**
 * @module VERSION by an executable of each kind, beside the start of Node and of the reference plugin.
 */
import { type Context } from "../support/context.ts";
import { execPlugin } from "../support/exec.ts";
import type { Row } from "../support/row.ts";
import { installShims } from "../support/shims.ts";
import { type Distribution, distribution, short, timed } from "../support/statistics.ts";
import { startNode } from "./shim.ts";

/** As runtimes ask: dummies, and a configuration that nobody reads. Source: libcni `pkg/invoke`. */
const DUMMIES = { containerId: "dummy", netns: "dummy", ifname: "dummy", configuration: { type: "bridge" } } as const;

/** One side and what one step of it is. */
type Sides = Readonly<Record<string, (() => Promise<unknown>) | undefined>>;

/** Measures every side in turn. */
async function measureSides(sides: Sides, rounds: number): Promise<Record<string, Distribution>> {
  const samples: Record<string, number[]> = {};
  for (let index = 0; index < rounds; index++)
    for (const [name, step] of Object.entries(sides))
      if (step !== undefined) (samples[name] ??= []).push(await timed(step));
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, distribution(values)]));
}

/** Measures the rows. */
export async function measureVersion(context: Context): Promise<Row[]> {
  using shims = installShims(0);
  const versionOf = (folder: string | undefined) =>
    folder === undefined ? undefined : () => execPlugin({ ...DUMMIES, folder, command: "VERSION" });
  const measured = await measureSides(
    {
      bareNode: startNode,
      node: versionOf(shims.binDir),
      native: versionOf(shims.nativeBinDir),
      reference: versionOf(context.referenceFolder),
    },
    context.isQuick ? 10 : 50,
  );
  const p50 = (name: string): number => measured[name]?.p50 ?? Number.NaN;
  const reference = `the reference's bridge ${short(p50("reference"))} ms`;
  return [
    {
      name: "version-node",
      what: "× a bare node start: VERSION by the Node shim, p50",
      figure: p50("node") / p50("bareNode"),
      bound: 1.2,
      sense: "most",
      isRatio: true,
      measured,
      beside: `${short(p50("node"))} ms by its shell script, bare node ${short(p50("bareNode"))} ms, ${reference}`,
    },
    {
      name: "version-native",
      what: "ms: VERSION by the native shim, p50",
      figure: p50("native"),
      bound: 5,
      sense: "most",
      isRatio: false,
      measured,
      beside: `starting a process included; ${reference}`,
    },
  ];
}
