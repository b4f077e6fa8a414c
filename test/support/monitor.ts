/**
 * @module What the kernel says while a test runs: `ip monitor all` and `nft monitor`, in a namespace.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { run, until } from "./command.ts";

/** Two monitors that run until they are disposed. */
export interface Monitor extends AsyncDisposable {
  /** Waits until everything until now was heard, and gives what was said since the last question: the test's own marks left out. */
  heard(): Promise<readonly string[]>;
}

/** Starts them in a namespace by its name; `undefined`: the test's own. Gives them when they were seen to hear. */
export async function startMonitor(namespace?: string): Promise<Monitor> {
  const enter = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
  const links = listen([...enter, "ip", "monitor", "all"]);
  const filter = listen([...enter, "nft", "monitor"]);
  const marker = createMarker(enter);
  await until("the monitors to hear", () => marker.isHeard(links, filter));
  await until("the kernel to be silent", () => isSilent(links, filter));
  return {
    heard: async () => {
      const end = marker.next();
      await until("the end mark", () => links.text().includes(end.route) && filter.text().includes(end.table));
      return [...links.take(), ...filter.take()].filter((line) => !marker.isOwn(line));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([links.stop(), filter.stop()]);
    },
  };
}

/**
 * Waits for a while in which nothing is said. What the kernel does later by itself, such as finding out that a bridge has lost its carrier
 * or that an address has no duplicate, is over then.
 */
async function isSilent(...listeners: readonly Listener[]): Promise<boolean> {
  for (const listener of listeners) listener.take();
  await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  return listeners.every((listener) => listener.take().length === 0);
}

interface Listener {
  readonly text: () => string;
  readonly take: () => readonly string[];
  readonly stop: () => Promise<void>;
}

function listen(command: readonly string[]): Listener {
  const [program = "", ...args] = command;
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  return {
    text: () => text,
    take: () => {
      const lines = text.split("\n").filter((line) => line.trim() !== "");
      text = "";
      return lines;
    },
    stop: async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Changes that the monitors must show: a route to a documentation address that leads nowhere, a table that is gone again. */
function createMarker(enter: readonly string[]) {
  let count = 0;
  const call = (...command: string[]): void => {
    const [program = "", ...args] = [...enter, ...command];
    run(program, ...args);
  };
  const next = (): { readonly route: string; readonly table: string } => {
    count = (count % LAST_OCTET_MAX) + 1;
    const [route, table] = [`${MARK_NETWORK}.${count}`, `${MARK_TABLE}_${count}`];
    call("nft", "add", "table", "inet", table);
    call("nft", "delete", "table", "inet", table);
    call("ip", "route", "add", "blackhole", route, "table", MARK_ROUTES);
    call("ip", "route", "del", "blackhole", route, "table", MARK_ROUTES);
    return { route: `Deleted blackhole ${route}`, table: `delete table inet ${table}` };
  };
  return {
    next,
    isHeard: async (links: Listener, filter: Listener): Promise<boolean> => {
      const { route, table } = next();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      return links.text().includes(route) && filter.text().includes(table);
    },
    // The number of a namespace that is gone is announced when the kernel gets to it.
    isOwn: (line: string): boolean =>
      line.includes(MARK_NETWORK) || line.includes(MARK_TABLE) || /^# new generation|^\[NSID\]/u.test(line),
  };
}

const MARK_NETWORK = "198.51.100";
const MARK_TABLE = "cnidaria_test_mark";
const MARK_ROUTES = "4711";
const LAST_OCTET_MAX = 250;
const SETTLE_MS = 20;
/** Longer than the kernel waits before it looks at carriers again. Source: linkwatch_schedule_work, net/core/link_watch.c, one second. */
const SILENCE_MS = 1_200;
