/**
 * @module The matrix: every fault point that a verb passes × everybody who may be struck there.
 */
import { record, recordGuests, play } from "./play.ts";
import { scenesOf, shuffled, titleOf, VERBS } from "./scenes.ts";
import type { Scene } from "./scenes.ts";
import type { Theatre } from "./theatre.ts";

/** What came of it. */
export interface MatrixOutcome {
  /** Scenes that there are. */
  readonly known: number;
  readonly played: number;
  /** Distinct combinations of point, who was struck, and verb whose fault happened. */
  readonly reached: number;
  /** Names of points, without their details, that were reached. */
  readonly points: ReadonlySet<string>;
  /** Verbs with those who were struck in them. */
  readonly pairs: ReadonlySet<string>;
  /** What was left or lost, each with its scene. */
  readonly problems: readonly string[];
  /** Scenes whose fault did not happen. */
  readonly missed: readonly string[];
}

/** Which scenes are played. */
export interface MatrixOptions {
  readonly seed: number;
  /** When to stop, in ms after the scenes were found. @default never */
  readonly budgetMs?: number;
  readonly onPlayed?: (title: string, problems: readonly string[], known: number) => void;
  /** @default all */
  readonly only?: (scene: Scene) => boolean;
}

/** Finds every scene, by playing each verb undisturbed. */
export async function findScenes(theatre: Theatre): Promise<readonly Scene[]> {
  const scenes: Scene[] = [];
  for (const verb of VERBS) scenes.push(...scenesOf(verb, await record(theatre, verb, "host"), "host"));
  for (const verb of ["add", "del", "check", "gc", "status"] as const) {
    const passed = await record(theatre, verb, "served");
    scenes.push(
      ...scenesOf(
        verb,
        passed.filter(({ point }) => point.startsWith("host.")),
        "host",
      ),
    );
  }
  for (const verb of ["add", "del", "check"] as const) {
    scenes.push(...scenesOf(verb, await recordGuests(theatre, verb), "host"));
    scenes.push(...scenesOf(verb, await record(theatre, verb, "shim"), "shim"));
  }
  return scenes;
}

/** Plays scenes in an order by chance, until all are played or the time is over. */
export async function playMatrix(theatre: Theatre, options: MatrixOptions): Promise<MatrixOutcome> {
  const { seed, budgetMs = Infinity, onPlayed, only = () => true } = options;
  const all = (await findScenes(theatre)).filter(only);
  const endAt = performance.now() + budgetMs;
  const [reached, points, pairs] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const [problems, missed]: [string[], string[]] = [[], []];
  let played = 0;
  for (const scene of shuffled(all, seed)) {
    if (performance.now() > endAt) break;
    const title = titleOf(scene);
    const outcome = await play(theatre, scene);
    played += 1;
    onPlayed?.(title, outcome.problems, all.length);
    problems.push(...outcome.problems.map((problem) => `${title}: ${problem}`));
    if (outcome.isReached) {
      reached.add(title);
      points.add(scene.point.split(" ")[0] ?? "");
      pairs.add(`${scene.verb} ${scene.struck}`);
    } else {
      missed.push(title);
    }
  }
  return { known: all.length, played, reached: reached.size, points, pairs, problems, missed };
}
