/**
 * @module A node full of containers, in a process and namespaces of its own: what `benchmarks/stage.ts` is asked for.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ENTER_NODE } from "../../test/support/node-namespace.ts";

/** What a stage can be asked for. */
export type StageCommand =
  | { readonly do: "fill"; readonly size: number }
  | { readonly do: "warm" }
  | { readonly do: "add"; readonly rounds: number }
  | { readonly do: "forward"; readonly kind: "established" | "first"; readonly count: number };

/** Times of ADDs, in milliseconds: in all, and less what the kernel took. */
export interface AddTimes {
  readonly total: readonly number[];
  readonly own: readonly number[];
}

/** What became of packets that were sent through the node. */
export interface Forwarded {
  readonly elapsedMs: number;
  /** How many left the node. */
  readonly forwarded: number;
}

/** A stage that runs. */
export interface Stage extends AsyncDisposable {
  /** Attaches containers until there are so many. */
  fill(size: number): Promise<void>;
  /** Serves until its host is warm. */
  warm(): Promise<void>;
  add(rounds: number): Promise<AddTimes>;
  forward(kind: "established" | "first", count: number): Promise<Forwarded>;
}

/** Starts a stage without containers. `reference`: they are attached by the reference plugins, and never removed. */
export function openStage(side: "ours" | "reference" = "ours"): Stage {
  const program = join(import.meta.dirname, "../stage.ts");
  const [enter, ...args] = ENTER_NODE;
  const child = spawn(enter, [...args, process.execPath, program, side], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const ask = async (command: StageCommand): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const answer = await lines.next();
    if (answer.done === true) throw new Error(`the stage ended while it was asked to ${command.do}`);
    return JSON.parse(answer.value);
  };
  return {
    fill: async (size) => void (await ask({ do: "fill", size })),
    warm: async () => void (await ask({ do: "warm" })),
    add: (rounds) => ask({ do: "add", rounds }) as Promise<AddTimes>,
    forward: (kind, count) => ask({ do: "forward", kind, count }) as Promise<Forwarded>,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
