/**
 * @module A place that packets come from and go to: the node, a container, somebody outside; with an agent who lives there.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { Task } from "./tasks.ts";

const AGENT = join(import.meta.dirname, "agent.ts");

/** A place, until it is disposed. */
export interface Place extends AsyncDisposable {
  /** What its agent answers with, and how tests call it. */
  readonly name: string;
  /** Its namespace's name; `undefined`: the test's own namespace, which is the node. */
  readonly namespace: string | undefined;
  /** Has the agent do something, and gives its answer. */
  do(task: Task): Promise<string>;
  /** Runs a command there. */
  run(...command: readonly string[]): string;
}

/** Port on which everybody answers but the node, and which `published` ones lead to. */
export const PORT = 80;
/** Another one, which is mostly published by others too. */
export const OTHER_PORT = 8080;

/** Opens the node itself: its agent answers on no port yet. */
export const openNode = (): Place => openPlace("node", undefined, () => {});

/** Makes a place of its own that answers on two ports. */
export async function createPlace(name: string): Promise<Place> {
  const container = createContainer();
  container.ip("link set lo up");
  // Else a link's IPv6 address is of no use for a second.
  container.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
  const place = openPlace(name, container.id, () => container.remove());
  for (const port of [PORT, OTHER_PORT]) await place.do({ kind: "serve", port, name });
  return place;
}

function openPlace(name: string, namespace: string | undefined, remove: () => void): Place {
  const enter = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
  const [command = "", ...args] = [...enter, process.execPath, AGENT];
  const agent = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, (answer: string) => void>();
  createInterface({ input: agent.stdout }).on("line", (line) => {
    const { id, answer } = JSON.parse(line) as { readonly id: number; readonly answer: string };
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  let lastId = 0;
  return {
    name,
    namespace,
    do: (task) => {
      lastId += 1;
      const { promise, resolve } = Promise.withResolvers<string>();
      waiting.set(lastId, resolve);
      agent.stdin.write(`${JSON.stringify({ id: lastId, task })}\n`);
      return promise;
    },
    run: (...wanted) => {
      const [program = "", ...rest] = [...enter, ...wanted];
      return run(program, ...rest);
    },
    [Symbol.asyncDispose]: async () => {
      const gone = once(agent, "exit");
      agent.kill("SIGKILL");
      await gone;
      remove();
    },
  };
}
