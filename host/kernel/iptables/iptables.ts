/**
 * @module The packet filter by way of iptables: one `iptables-restore` for all that an operation changes of a family. Fixed paths, and text of this
 * program's own on standard input.
 */
import type { IpFamily } from "../../spec/ip.ts";
import { isKernelError, KernelError } from "../error.ts";
import type { Netns } from "../netns.ts";
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
import { runProgram, runProgramNow, type Outcome, type Run } from "./run.ts";

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
/** Runs of one transaction: each further one has one expectation less. */
const RUNS_MAX = 24;
/** Finds the number of the line that was refused. Source: iptables 1.8.9, `iptables-restore.c` and `xtables-restore.c`. */
const REFUSED_LINE = /\bline:? ([0-9]{1,6})\b/u;
/** Finds the chain that a jump leads to and that is not there. Source: iptables 1.8.9, `nft.c`. */
const MISSING_CHAIN = /Chain '([^']{1,64})' does not exist/u;

/** Asks for runs, one after the other, and is given what each answered. */
type Runs<Value> = Generator<Run, Value, Outcome>;

/** iptables of one namespace. What goes on beside other things does so one program at a time. */
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
  change(target: IptablesTarget, tables: readonly TableChanges[]): Promise<void> {
    return this.#meanwhile(() => change(target, tables));
  }

  /** As {@link Iptables.change}, and nothing else goes on until it is done: for what is rare. */
  changeNow(target: IptablesTarget, tables: readonly TableChanges[]): void {
    this.#now(change(target, tables));
  }

  /**
   * Looks for rules, and changes nothing; gives the first that is not there, `undefined`: all are.
   * @throws {KernelError} as {@link Iptables.change}.
   */
  firstMissing(target: IptablesTarget, wanted: readonly WantedRules[]): Promise<Rule | undefined> {
    return this.#meanwhile(() => findMissing(target, wanted));
  }

  /** As {@link Iptables.firstMissing}, and nothing else goes on until it is done. */
  firstMissingNow(target: IptablesTarget, wanted: readonly WantedRules[]): Rule | undefined {
    return this.#now(findMissing(target, wanted));
  }

  /**
   * Has the program judge changes, and do none of them. The kernel is asked by the older variant only.
   * @throws {KernelError} as {@link Iptables.change}.
   */
  judgeNow(target: IptablesTarget, tables: readonly TableChanges[]): void {
    this.#now(judge(target, tables));
  }

  /**
   * Reads a chain of iptables' own in the table `filter`.
   * @throws {KernelError} as {@link Iptables.change}.
   */
  readBaseChain(target: IptablesTarget, chain: "FORWARD"): Promise<BaseChain> {
    return this.#meanwhile(() => readBaseChain(target, chain));
  }

  /** One after the other: they would wait for each other anyway, and fail where that takes too long. */
  #meanwhile<Value>(begin: () => Runs<Value>): Promise<Value> {
    const next = this.#last.then(async () => {
      const steps = begin();
      let step = steps.next();
      while (step.done !== true) {
        this.runs += 1;
        step = steps.next(await runProgram(this.#netns, step.value));
      }
      return step.value;
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  #now<Value>(steps: Runs<Value>): Value {
    let step = steps.next();
    while (step.done !== true) {
      this.runs += 1;
      step = steps.next(runProgramNow(this.#netns, step.value));
    }
    return step.value;
  }
}

/** Tells a failure after which it is not known whether the change came about. */
export function isInDoubt(error: unknown): boolean {
  return isKernelError(error, "ETIMEDOUT");
}

function* change(target: IptablesTarget, tables: readonly TableChanges[]): Runs<void> {
  let left = tables.filter(({ steps }) => steps.length > 0);
  for (let run = 1; left.length > 0; run += 1) {
    const outcome = yield restore(target, scriptOf(left).text);
    if (outcome.code === 0) return;
    const instead = isLockBusy(outcome) ? undefined : withoutLine(left, refusedLine(outcome, left));
    if (instead === undefined || run === RUNS_MAX) throw refusal(target, outcome);
    left = [...instead];
  }
}

function* findMissing(target: IptablesTarget, wanted: readonly WantedRules[]): Runs<Rule | undefined> {
  const tables = wanted.map(({ table, rules }) => ({ table, steps: rules.map(demand) }));
  const { text, places } = scriptOf(tables);
  // Not with --test: the variant by nf_tables would not look.
  const outcome = yield restore(target, text);
  if (outcome.code === 0) return undefined;
  const place = isLockBusy(outcome) ? undefined : places[refusedLine(outcome, tables) - 1];
  const missing = place === undefined ? undefined : wanted[place.table]?.rules[place.step];
  if (missing === undefined) throw refusal(target, outcome);
  return missing;
}

function* judge(target: IptablesTarget, tables: readonly TableChanges[]): Runs<void> {
  const outcome = yield restore(target, scriptOf(tables).text, ["--test"]);
  if (outcome.code !== 0) throw refusal(target, outcome);
}

function* readBaseChain({ variant, family }: IptablesTarget, chain: string): Runs<BaseChain> {
  const { setpriv, list } = findPrograms(variant, family);
  const command = [...boundToHelper(setpriv), list, "-w", String(LOCK_WAIT_SECONDS), "-S", chain];
  const outcome = yield { command, input: "" };
  const [first, ...rules] = outcome.output.split("\n").filter((line) => line !== "");
  const policy = new RegExp(`^-P ${chain} (\\w+)`, "u").exec(first ?? "")?.[1];
  if (policy === undefined) throw refusal({ variant, family }, outcome);
  return { policy, rules };
}

function restore({ variant, family }: IptablesTarget, input: string, flags: readonly string[] = []): Run {
  const { setpriv, restore: program } = findPrograms(variant, family);
  const wait = ["--wait", String(LOCK_WAIT_SECONDS)];
  return { command: [...boundToHelper(setpriv), program, "--noflush", ...wait, ...flags], input };
}

/** Has the kernel end the program when the helper ends. */
function boundToHelper(setpriv: string): string[] {
  return [setpriv, "--pdeathsig", "SIGKILL", "--"];
}

function isLockBusy({ errors }: Outcome): boolean {
  return /xtables lock/u.test(errors);
}

/** Gives the number of the line that was refused; 0: it is not told. Of a jump to nowhere the variant by nf_tables tells the chain alone. */
function refusedLine({ errors }: Outcome, tables: readonly TableChanges[]): number {
  const chain = MISSING_CHAIN.exec(errors)?.[1];
  const jump = chain === undefined ? undefined : lineThatJumps(tables, chain);
  return jump ?? Number(REFUSED_LINE.exec(errors)?.[1] ?? 0);
}

function refusal({ variant, family }: IptablesTarget, outcome: Outcome): KernelError {
  const call = `${variant} of ${family}`;
  if (isLockBusy(outcome)) {
    const why = `another program holds the lock of iptables for ${LOCK_WAIT_SECONDS} s; try again later`;
    return new KernelError("EBUSY", call, why);
  }
  const text = outcome.errors
    .trim()
    .replaceAll(/\s*\n\s*/gu, "; ")
    .slice(0, 500);
  return new KernelError("EINVAL", call, text === "" ? `ended with ${outcome.code}` : text);
}
