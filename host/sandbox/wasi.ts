/**
 * @module WASI 0.2 for guests whose standard library wants it: no files, no sockets, no environment; output goes to the log.
 *
 * The interfaces are the browser build of preview2-shim (the bundler picks it); its Node build would need a worker, which would void
 * the fence. Waiting is replaced: this process has no event loop to wait in.
 */
import { createCli } from "@bytecodealliance/preview2-shim/cli";
import { wallClock } from "@bytecodealliance/preview2-shim/clocks";
import { preopens, types } from "@bytecodealliance/preview2-shim/filesystem";
import { error, poll, pollableCreate, streams } from "@bytecodealliance/preview2-shim/io";
import { insecure, insecureSeed, random } from "@bytecodealliance/preview2-shim/random";
import {
  instanceNetwork,
  ipNameLookup,
  network,
  tcp,
  tcpCreateSocket,
  udp,
  udpCreateSocket,
} from "@bytecodealliance/preview2-shim/sockets";
import type { ImportContext } from "./imports/definition.ts";

/** Longest line of output; a longer one is cut into several. */
const LINE_MAX_BYTES = 4096;
/** How long to sleep between two looks at what a guest waits for. */
const POLL_MS = 1;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

interface Pollable {
  ready(): boolean;
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

function sleep(): void {
  Atomics.wait(SLEEPER, 0, 0, POLL_MS);
}

/** Waits for one thing. The deadline of the call bounds it. */
function blockOn(this: Pollable): void {
  while (!this.ready()) sleep();
}

/** Waits until something of a list is ready; gives the indexes. */
function pollList(list: readonly Pollable[]): Uint32Array {
  for (;;) {
    const ready = [...list.keys()].filter((index) => list[index]?.ready() === true);
    if (ready.length > 0 || list.length === 0) return Uint32Array.from(ready);
    sleep();
  }
}

function nowNanoseconds(): bigint {
  return BigInt(Math.floor(performance.now() * Number(NANOSECONDS_PER_MILLISECOND)));
}

function pollableAt(instant: bigint): unknown {
  const create = pollableCreate as (source: { ready: () => boolean; wait: () => Promise<void> }) => unknown;
  return create({ ready: () => nowNanoseconds() >= instant, wait: () => Promise.resolve() });
}

const monotonicClock = {
  resolution: () => NANOSECONDS_PER_MILLISECOND,
  now: nowNanoseconds,
  subscribeInstant: pollableAt,
  subscribeDuration: (duration: bigint) => pollableAt(nowNanoseconds() + duration),
};

/** Sends output to the log, a line at a time. */
function lineStream(writeLine: (line: string) => void): {
  write(bytes: Uint8Array): void;
  flush(): void;
  drop(): void;
} {
  let pending = "";
  const flush = (): void => {
    if (pending !== "") writeLine(pending);
    pending = "";
  };
  return {
    write(bytes) {
      const lines = (pending + Buffer.from(bytes).toString("utf8")).split("\n");
      pending = lines.pop() ?? "";
      lines.forEach(writeLine);
      if (pending.length > LINE_MAX_BYTES) flush();
    },
    flush: () => undefined,
    drop: flush,
  };
}

/**
 * Makes the `wasi:*` part of the import object, for one instance: a stream that one guest closes is closed. What is not in it is not
 * answered: HTTP, for one.
 */
export function createWasiImports(context: ImportContext): Record<string, unknown> {
  Object.defineProperty(poll.Pollable.prototype, "block", { value: blockOn });
  const stdout = lineStream((line) => context.log("info", line));
  const stderr = lineStream((line) => context.log("warn", line));
  context.atCallEnd(() => [stdout, stderr].forEach(({ drop }) => drop()));
  const cli = createCli({ arguments: ["plugin"], stdout, stderr } as Parameters<typeof createCli>[0]);
  const groups: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    cli: { ...cli },
    clocks: { monotonicClock, wallClock },
    filesystem: { preopens, types },
    io: { error, streams, poll: { Pollable: poll.Pollable, poll: pollList } },
    random: { insecure, insecureSeed, random },
    sockets: { instanceNetwork, ipNameLookup, network, tcp, tcpCreateSocket, udp, udpCreateSocket },
  };
  const imports = Object.create(null) as Record<string, unknown>;
  for (const [group, interfaces] of Object.entries(groups)) {
    for (const [name, functions] of Object.entries(interfaces))
      imports[`wasi:${group}/${kebab(name)}`] = Object.assign(Object.create(null), functions);
  }
  return imports;
}

/** Spells a JavaScript name as WIT does: `monotonic-clock`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}
