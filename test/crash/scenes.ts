/**
 * @module Which faults there are to try: points that a verb passes, each with those who may be struck there.
 */
import type { ChainType } from "./chain.ts";
import type { Gate, Victim } from "./plan.ts";

/** What is interrupted. `beside`: while another container keeps what they share. `start`: a helper that recovers what a dead one left. */
export const VERBS = ["add", "del", "check", "gc", "status", "start", "add-beside", "del-beside"] as const;
/** One of them. */
export type SceneVerb = (typeof VERBS)[number];
/** Who is struck: killed, or, `guest`, trapped, or, `kernel` and `ledger`, refusing. */
export type Struck = Victim | "guest" | "kernel" | "ledger";

/** One fault. */
export interface Scene {
  readonly verb: SceneVerb;
  readonly struck: Struck;
  /** As a plan has it. */
  readonly point: string;
  /** Which of the points of that name, from 0. */
  readonly occurrence: number;
  /** Plugin whose sandbox passes it; `undefined`: another process does. */
  readonly plugin?: ChainType | undefined;
}

/** A point that was passed. */
export type Passed = Pick<Scene, "point" | "plugin">;

/** Says which scene it is. */
export function titleOf({ verb, struck, point, occurrence, plugin }: Scene): string {
  return `${verb}: ${struck} at ${point}, ${occurrence}${plugin === undefined ? "" : `, of ${plugin}`}`;
}

/** Reads a title: which scene it names, whether or not a verb passes its point. @throws {Error} for what is no title. */
export function sceneOf(title: string): Scene {
  const { verb, struck, point, occurrence, plugin } =
    /^(?<verb>[a-z-]+): (?<struck>[a-z]+) at (?<point>.+), (?<occurrence>\d+)(?:, of (?<plugin>[a-z-]+))?$/u.exec(title)
      ?.groups ?? {};
  const found = VERBS.find((each) => each === verb);
  if (found === undefined || point === undefined) throw new Error(`no title of a scene: ${JSON.stringify(title)}`);
  return {
    verb: found,
    struck: struck as Struck,
    point,
    occurrence: Number(occurrence),
    plugin: plugin as ChainType | undefined,
  };
}

/** From where the points of a verb are counted. */
export function gateOf(verb: SceneVerb): Gate {
  return verb === "start" ? "start" : "verb";
}

/** Makes the scenes of one verb out of the points that it passes, undisturbed. `by`: who calls it. */
export function scenesOf(verb: SceneVerb, passed: readonly Passed[], by: "host" | "shim"): readonly Scene[] {
  const seen = new Map<string, number>();
  return passed.flatMap(({ point, plugin }) => {
    const key = `${plugin ?? ""} ${point}`;
    const occurrence = seen.get(key) ?? 0;
    seen.set(key, occurrence + 1);
    return struckAt(verb, point, by).map((struck) => ({ verb, struck, point, occurrence, plugin }));
  });
}

/** Marks in memory: nothing is written there that could fail. */
const MARKS = /^ledger\.(done|forget):/u;

function struckAt(verb: SceneVerb, point: string, by: "host" | "shim"): readonly Struck[] {
  if (by === "shim") return point.startsWith("host.") || point.startsWith("sandbox.") ? [] : ["shim"];
  if (point.startsWith("host.")) return verb === "start" ? [] : ["host"];
  if (point.startsWith("sandbox.")) return point.startsWith("sandbox.ask") ? ["sandbox", "guest"] : ["sandbox"];
  const refusing: Struck[] = [];
  if (/^kernel\..*:before/u.test(point)) refusing.push("kernel");
  if (/^ledger\..*:before/u.test(point) && !MARKS.test(point)) refusing.push("ledger");
  if (verb === "start") return ["helper", ...refusing];
  const isBeside = verb === "add-beside" || verb === "del-beside";
  return isBeside ? ["helper"] : ["helper", "sandbox", "host", ...refusing];
}

/** Orders scenes by chance, the same for the same seed, so that every verb and everybody who is struck comes up early. */
export function shuffled(scenes: readonly Scene[], seed: number): readonly Scene[] {
  const random = generator(seed);
  const groups = [...Map.groupBy(scenes, ({ verb, struck }) => `${verb} ${struck}`).values()].map((group) =>
    group
      .map((scene) => ({ scene, at: random() }))
      .toSorted((left, right) => left.at - right.at)
      .map(({ scene }) => scene),
  );
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_none, at) => groups.flatMap((group) => group[at] ?? [])).flat();
}

/** A small generator of numbers in [0, 1). Source: mulberry32, public domain. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
