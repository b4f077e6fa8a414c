/**
 * @module The packet filter by way of iptables: one `iptables-restore` for all that an operation changes of a family.
 *
 * Fixed paths, an empty environment, text of this program's own on standard input, a deadline, little of the output. The program dies with the
 * helper: what was written down as an intent must not come about after it was undone.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

import type { IpFamily } from "../../spec/ip.ts";
import { isKernelError, KernelError } from "../error.ts";
import { runInNetns, type Netns } from "../netns.ts";
import { findPrograms, type IptablesVariant } from "./programs.ts";
import {
  demand,
  lineThatJumps,
  scriptOf,
  type Rule,
  type TableChanges,
  type TableName,
  withoutLine,
} from "./rule-text.ts";

/** Which rules: those of a variant and a family. */
export interface IptablesTarget {
  readonly variant: IptablesVariant;
  readonly family: IpFamily;
}

/** Rules that should be there, of a table. */
export interface WantedRules {
  readonly table: TableName;
  readonly rules: readonly Rule[];
}

/** What a chain of iptables' own does. */
export interface BaseChain {
  /** What becomes of a packet that no rule decided about, `ACCEPT` or `DROP`. */
  readonly policy: string;
  /** Its rules, first first, as `iptables -S` prints them; cut where there are many. */
  readonly rules: readonly string[];
}

/** How long another program that changes iptables is waited for, in seconds. */
const LOCK_WAIT_SECONDS = 5;
/** How long one run may take, in ms. */
const DEADLINE_MS = 15_000;
/** Most of an output that is read, in bytes. */
const OUTPUT_MAX_BYTES = 64 * 1024;
/** Runs of one transaction: each further one has one expectation less. */
const RUNS_MAX = 24;
/** Finds the number of the line that was refused. Source: iptables 1.8, `iptables-restore.c` and `xtables-restore.c`. */
const REFUSED_LINE = /\bline:? ([0-9]{1,6})\b/u;
/** Finds the chain that a jump leads to and that is not there. Source: iptables 1.8.9, `nft.c`. */
const MISSING_CHAIN = /Chain '([^']{1,64})' does not exist/u;

/** What a run answered. */
interface Outcome {
  /** 0: all is done. */
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** iptables of one namespace. Runs one program at a time. */
export class Iptables {
  /** Programs run, for tests of what is asked of the machine. */
  runs = 0;
  readonly #netns: Pick<Netns, "fd">;
  #last: Promise<unknown> = Promise.resolve();

  /** The namespace stays the caller's. */
  constructor(netns: Pick<Netns, "fd">) {
    this.#netns = netns;
  }

  /**
   * Changes tables; each of them wholly or not at all, in their order.
   * @throws {KernelError} ENOSYS without iptables, EBUSY while another program changes it, ETIMEDOUT, EINVAL for what it refuses.
   */
  async change(target: IptablesTarget, tables: readonly TableChanges[]): Promise<void> {
    let left: readonly TableChanges[] = tables.filter(({ steps }) => steps.length > 0);
    for (let run = 1; left.length > 0; run += 1) {
      const outcome = await this.#restore(target, scriptOf(left).text, []);
      if (outcome.code === 0) return;
      const instead = isLockBusy(outcome) ? undefined : withoutLine(left, refusedLine(outcome, left));
      if (instead === undefined || run === RUNS_MAX) throw refusal(target, outcome);
      left = instead;
    }
  }

  /**
   * Looks for rules, and changes nothing; gives the first that is not there, `undefined`: all are.
   * @throws {KernelError} as {@link Iptables.change}.
   */
  async firstMissing(target: IptablesTarget, wanted: readonly WantedRules[]): Promise<Rule | undefined> {
    const tables = wanted.map(({ table, rules }) => ({ table, steps: rules.map(demand) }));
    const { text, places } = scriptOf(tables);
    // Not with --test: the variant by nf_tables would not look.
    const outcome = await this.#restore(target, text, []);
    if (outcome.code === 0) return undefined;
    const place = isLockBusy(outcome) ? undefined : places[refusedLine(outcome, tables) - 1];
    const missing = place === undefined ? undefined : wanted[place.table]?.rules[place.step];
    if (missing === undefined) throw refusal(target, outcome);
    return missing;
  }

  /**
   * Has iptables judge changes, and do none of them.
   * @throws {KernelError} as {@link Iptables.change}.
   */
  async judge(target: IptablesTarget, tables: readonly TableChanges[]): Promise<void> {
    const outcome = await this.#restore(target, scriptOf(tables).text, ["--test"]);
    if (outcome.code !== 0) throw refusal(target, outcome);
  }

  /**
   * Reads a chain of iptables' own in the table `filter`.
   * @throws {KernelError} as {@link Iptables.change}.
   */
  async readBaseChain(target: IptablesTarget, chain: "FORWARD"): Promise<BaseChain> {
    const { setpriv, list } = findPrograms(target.variant, target.family);
    const wait = ["-w", String(LOCK_WAIT_SECONDS)];
    const outcome = await this.#run([setpriv, "--pdeathsig", "SIGKILL", "--", list, ...wait, "-S", chain], "");
    const [first, ...rules] = outcome.output.split("\n").filter((line) => line !== "");
    const policy = new RegExp(`^-P ${chain} (\\w+)`, "u").exec(first ?? "")?.[1];
    if (policy === undefined) throw refusal(target, outcome);
    return { policy, rules };
  }

  #restore({ variant, family }: IptablesTarget, text: string, flags: readonly string[]): Promise<Outcome> {
    const { setpriv, restore } = findPrograms(variant, family);
    const command = [setpriv, "--pdeathsig", "SIGKILL", "--", restore, "--noflush"];
    return this.#run([...command, "--wait", String(LOCK_WAIT_SECONDS), ...flags], text);
  }

  /** One after the other: they would wait for each other anyway, and fail where that takes too long. */
  #run(command: readonly string[], input: string): Promise<Outcome> {
    const next = this.#last.then(() => {
      this.runs += 1;
      return runProgram(this.#netns, command, input);
    });
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** Starts a program inside a namespace, where it stays. */
async function runProgram(
  netns: Pick<Netns, "fd">,
  [program = "", ...args]: readonly string[],
  input: string,
): Promise<Outcome> {
  const child = runInNetns(netns, () => spawn(program, args, { env: {}, cwd: "/", stdio: "pipe" }));
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  try {
    return await outcomeOf(child, input);
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
    if (code === null) reject(new KernelError("ETIMEDOUT", "iptables", `killed: no answer after ${DEADLINE_MS} ms`));
    else resolve({ code, output: output(), errors: errors() });
  });
  return promise;
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

function isLockBusy({ errors }: Outcome): boolean {
  return /xtables lock/u.test(errors);
}

/** Gives the number of the line that was refused; 0: it is not told. Of a jump to nowhere the variant by nf_tables tells the chain alone. */
function refusedLine({ errors }: Outcome, tables: readonly TableChanges[]): number {
  const chain = MISSING_CHAIN.exec(errors)?.[1];
  return (
    (chain === undefined ? undefined : lineThatJumps(tables, chain)) ?? Number(REFUSED_LINE.exec(errors)?.[1] ?? 0)
  );
}

function refusal({ variant, family }: IptablesTarget, outcome: Outcome): KernelError {
  const text = outcome.errors
    .trim()
    .replaceAll(/\s*\n\s*/gu, "; ")
    .slice(0, 500);
  const call = `${variant} of ${family}`;
  if (isLockBusy(outcome))
    return new KernelError(
      "EBUSY",
      call,
      `another program holds the xtables lock for ${LOCK_WAIT_SECONDS} s; try again later`,
    );
  return new KernelError("EINVAL", call, text === "" ? `ended with ${outcome.code}` : text);
}

/** Tells a failure after which it is not known whether the change came about. */
export function isInDoubt(error: unknown): boolean {
  return isKernelError(error, "ETIMEDOUT");
}
