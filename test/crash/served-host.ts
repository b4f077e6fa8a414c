/**
 * @module A host in a process of its own that does what it is asked, and may be killed.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { CRASH_BUNDLES } from "./bundles.ts";
import { childrenOf } from "./watch.ts";
import type { Answered, Asked } from "./host-process.ts";

/** How a request went. */
export type Outcome = "ok" | "error" | "killed";

/** The host. */
export interface ServedHost extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Its helper, which outlives it for a moment. */
  readonly helpers: readonly number[];
  readonly ask: (asked: Asked) => Promise<Outcome>;
}

/** Starts one, with a helper of some bundles: those that follow plans, unless others are given. */
export async function startServedHost(stateDir: string, bundleDir = CRASH_BUNDLES): Promise<ServedHost> {
  const args = ["--disable-warning=ExperimentalWarning", join(CRASH_BUNDLES, "host-process.mjs")];
  const child = spawn(process.execPath, [...args, bundleDir, stateDir, "serve"], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  let lastId = 0;
  const waiting = new Map<number, (outcome: Outcome) => void>();
  child.on("message", ({ id, error }: Answered) => waiting.get(id)?.(error === undefined ? "ok" : "error"));
  const ask = async (asked: Asked): Promise<Outcome> => {
    if (child.exitCode !== null || child.signalCode !== null) return "killed";
    lastId += 1;
    const id = lastId;
    const answer = new Promise<Outcome>((resolve) => waiting.set(id, resolve));
    // It may end before it hears.
    child.send({ id, asked }, () => undefined);
    const outcome = await Promise.race([answer, exited.then((): Outcome => "killed")]);
    waiting.delete(id);
    return outcome;
  };
  await ask({ verb: "list" });
  return {
    child,
    helpers: childrenOf(child.pid ?? 0),
    ask,
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
