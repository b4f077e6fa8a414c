/**
 * @module Running a program of iptables inside a namespace: an empty environment, a deadline, little of the output. It dies with the helper:
 * what was written down as an intent must not come about after it was undone.
 */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { ChildProcess } from "node:child_process";

import { withinPoints } from "../../spec/fault-points.ts";
import { KernelError } from "../error.ts";
import { runInNetns, type Netns } from "../netns.ts";
import { countKernelTime } from "../time.ts";

/** How long one run may take, in ms. */
const DEADLINE_MS = 15_000;
/** Most of an output that is read, in bytes. */
const OUTPUT_MAX_BYTES = 64 * 1024;
const SURROUNDINGS = { env: {}, cwd: "/", stdio: "pipe" } as const;

/** What to run. */
export interface Run {
  /** The program's absolute path, and what it is given. */
  readonly command: readonly string[];
  /** What it reads. */
  readonly input: string;
}

/** What a run answered. */
export interface Outcome {
  /** 0: all is done. */
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs a program while other things go on.
 * @throws {KernelError} ETIMEDOUT when it had to be killed, ENOSYS when it cannot be started.
 */
export function runProgram(netns: Pick<Netns, "fd">, { command, input }: Run): Promise<Outcome> {
  const [program = "", ...args] = command;
  return withinPoints("kernel.iptables", program, async () => {
    const child = runInNetns(netns, () => spawn(program, args, SURROUNDINGS));
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    try {
      return await outcomeOf(child, input);
    } finally {
      clearTimeout(timer);
    }
  });
}

/**
 * Runs a program, and does nothing else meanwhile.
 * @throws {KernelError} as {@link runProgram}; EOVERFLOW when it says too much.
 */
export function runProgramNow(netns: Pick<Netns, "fd">, { command, input }: Run): Outcome {
  const [program = "", ...args] = command;
  return withinPoints("kernel.iptables", program, () => {
    const options = {
      ...SURROUNDINGS,
      input,
      timeout: DEADLINE_MS,
      maxBuffer: OUTPUT_MAX_BYTES,
      killSignal: "SIGKILL",
    } as const;
    const { status, stdout, stderr, error } = countKernelTime(() =>
      runInNetns(netns, () => spawnSync(program, args, options)),
    );
    if (status !== null) return { code: status, output: stdout.toString("utf8"), errors: stderr.toString("utf8") };
    const errno = error !== undefined && "code" in error ? String(error.code) : "ETIMEDOUT";
    if (errno === "ENOBUFS")
      throw new KernelError("EOVERFLOW", "iptables", `more than ${OUTPUT_MAX_BYTES} bytes of output`);
    throw errno === "ETIMEDOUT" ? killed() : new KernelError("ENOSYS", "run iptables", errno);
  });
}

/**
 * As {@link runProgram}, for a program that prints much of which little is wanted: keeps the lines that are asked for.
 * @throws {KernelError} as {@link runProgram}; EOVERFLOW when there are more than `max` of them, EINVAL when the program fails.
 */
export async function readLines(
  netns: Pick<Netns, "fd">,
  { command, keep, max }: Pick<Run, "command"> & { readonly keep: (line: string) => boolean; readonly max: number },
): Promise<readonly string[]> {
  const [program = "", ...args] = command;
  const child = runInNetns(netns, () => spawn(program, args, SURROUNDINGS));
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const lines: string[] = [];
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => {
    if (keep(line) && lines.push(line) > max) child.kill("SIGKILL");
  });
  try {
    const { code, errors } = await outcomeOf(child, "");
    if (code !== 0) throw new KernelError("EINVAL", program, errors.trim().slice(0, 500));
    return lines;
  } catch (error) {
    if (lines.length <= max) throw error;
    throw new KernelError("EOVERFLOW", program, `more than ${max} lines of Cnidaria's`);
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOf(child: ChildProcess, input: string): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  // A program that ends before it has read everything says why in its output.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  child.on("error", (error) => reject(new KernelError("ENOSYS", "run iptables", error.message)));
  child.on("close", (code) => {
    if (code === null) reject(killed());
    else resolve({ code, output: output(), errors: errors() });
  });
  return promise;
}

function killed(): KernelError {
  return new KernelError("ETIMEDOUT", "iptables", `ended by a signal, or no answer after ${DEADLINE_MS} ms`);
}

/** Reads a stream to its end, and keeps the beginning. */
function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    if (bytes < OUTPUT_MAX_BYTES) chunks.push(chunk.subarray(0, OUTPUT_MAX_BYTES - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
