/**
 * @module Lines for `iptables-restore`, and what takes their place where it refuses one. Pure.
 *
 * iptables cannot be asked cheaply what is there: a look is one more program, which reads a whole table. So every change says what it
 * expects, in the transaction itself (`-C`, `-D`, `-N`). Where that was wrong, nothing of the table was changed, the number of the line tells what was
 * wrong, and the transaction is made anew with what the step has for that case.
 */
import { KernelError } from "../error.ts";

/** Tables that are written to. */
export type TableName = "filter" | "mangle" | "nat";

/** A part of a transaction. */
export interface Step {
  readonly texts: readonly string[];
  /** What takes its place where its text of an index is refused; `undefined`: then the transaction fails. */
  readonly otherwise?: ((index: number) => readonly Step[]) | undefined;
}

/** What is to change in one table, all or nothing. */
export interface TableChanges {
  readonly table: TableName;
  readonly steps: readonly Step[];
}

/** A rule: a chain, and what comes after its name. */
export interface Rule {
  readonly chain: string;
  readonly words: readonly string[];
}

/** A chain that attachments share, and how packets get there. */
export interface SharedChain {
  readonly table: TableName;
  readonly name: string;
  /** Rules of chains of iptables' own. */
  readonly jumps: readonly Rule[];
  /** Rules that the chain begins with. */
  readonly rules: readonly Rule[];
}

/** Longest name of a chain. Source: XT_EXTENSION_MAXNAMELEN less its NUL, linux/netfilter/x_tables.h. */
const CHAIN_NAME_MAX = 28;
/** What a word may be made of: nothing that iptables-restore takes for a quote, an escape or a line's end. */
const WORD = /^[A-Za-z0-9_.:@,!/[\]-]+$/u;
/** Begins the comment of whatever is an owner's; the tag follows. */
const COMMENT_PREFIX = "cnidaria:";
/** Comment of what attachments share. */
const SHARED_COMMENT = "cnidaria";

/**
 * Makes a rule.
 * @throws {KernelError} EINVAL for a word that iptables-restore might read as something else, such as an odd name of a link.
 */
export function rule(chain: string, ...words: readonly string[]): Rule {
  for (const word of [chain, ...words]) {
    if (!WORD.test(word))
      throw new KernelError("EINVAL", "iptables", `${JSON.stringify(word)} cannot be part of a rule`);
  }
  if (chain.length > CHAIN_NAME_MAX) throw new Error(`unreachable: ${chain} is too long for the name of a chain`);
  return { chain, words };
}

/** Words that say whose a rule is. */
export function ownedBy(tag: string): string[] {
  return ["-m", "comment", "--comment", COMMENT_PREFIX + tag];
}

/** Words of a rule that attachments share. */
export const SHARED_WORDS: readonly string[] = ["-m", "comment", "--comment", SHARED_COMMENT];

/** Adds a rule at a chain's end. */
export function append({ chain, words }: Rule): Step {
  return { texts: [["-A", chain, ...words].join(" ")] };
}

/** Adds a rule before the one of a number, 1 being the first. */
export function insert({ chain, words }: Rule, number: number): Step {
  return { texts: [["-I", chain, String(number), ...words].join(" ")] };
}

/** Removes a rule, if it is there. */
export function remove({ chain, words }: Rule): Step {
  return { texts: [["-D", chain, ...words].join(" ")], otherwise: () => [] };
}

/** Demands that a rule is there. */
export function demand({ chain, words }: Rule): Step {
  return { texts: [["-C", chain, ...words].join(" ")] };
}

/** Makes an attachment's chain with these rules and no others, whether it is there or not. */
export function makeChain(name: string, rules: readonly Rule[]): Step {
  return { texts: [`:${name} - [0:0]`, ...rules.flatMap((each) => append(each).texts)] };
}

/** Removes an attachment's chain, if it is there. */
export function removeChain(name: string): Step {
  return { texts: [`:${name} - [0:0]`, `-X ${name}`] };
}

/** Makes a shared chain; where something of that name is there already, completes it. */
export function makeShared(shared: SharedChain, place: (jump: Rule) => Step = append): Step {
  const { name, jumps, rules } = shared;
  const texts = [`-N ${name}`, ...[...rules.map(append), ...jumps.map(place)].flatMap((step) => step.texts)];
  return { texts, otherwise: () => completeShared(shared, place) };
}

/** Makes sure of a shared chain that should be there: somebody may have flushed what is around it, or all of it. */
export function completeShared(shared: SharedChain, place: (jump: Rule) => Step = append): Step[] {
  const { name, jumps, rules } = shared;
  const make: Step = { texts: [`-N ${name}`], otherwise: () => [] };
  const complete = (each: Rule, add: Step): Step => ({ texts: demand(each).texts, otherwise: () => [make, add] });
  return [...rules.map((each) => complete(each, insert(each, 1))), ...jumps.map((each) => complete(each, place(each)))];
}

/** Removes a shared chain. One that others still have rules in stays, and so does the way there. */
export function removeShared(shared: SharedChain): Step {
  const { name, jumps, rules } = shared;
  const removals = [...jumps, ...rules].flatMap((each) => remove(each).texts);
  const leave: Step[] = [
    { texts: [`-N ${name}`], otherwise: () => [] },
    ...[...jumps, ...rules].map(remove),
    { texts: [`-X ${name}`], otherwise: () => completeShared(shared) },
  ];
  return { texts: [...removals, `-X ${name}`], otherwise: (index) => (index === removals.length ? [] : leave) };
}

/** The text of a transaction, and which step each of its lines belongs to. */
export interface Script {
  readonly text: string;
  /** By line, from the first; `undefined`: a line that is no step's. */
  readonly places: readonly (Place | undefined)[];
}

interface Place {
  readonly table: number;
  readonly step: number;
  /** Index in the step's texts. */
  readonly text: number;
}

/** Writes tables as `iptables-restore` reads them. */
export function scriptOf(tables: readonly TableChanges[]): Script {
  const lines = tables.flatMap(({ table, steps }, tableIndex): [string, Place | undefined][] => [
    [`*${table}`, undefined],
    ...steps.flatMap(({ texts }, step) =>
      texts.map((text, index): [string, Place] => [text, { table: tableIndex, step, text: index }]),
    ),
    ["COMMIT", undefined],
  ]);
  return { text: lines.map(([line]) => `${line}\n`).join(""), places: lines.map(([, place]) => place) };
}

/**
 * Gives what is to be done instead, where a line was refused: tables before it were changed, its own was not.
 * `undefined`: nothing can be.
 */
export function withoutLine(tables: readonly TableChanges[], line: number): readonly TableChanges[] | undefined {
  const place = scriptOf(tables).places[line - 1];
  if (place === undefined) return undefined;
  const refused = tables[place.table];
  const instead = refused?.steps[place.step]?.otherwise?.(place.text);
  if (refused === undefined || instead === undefined) return undefined;
  const steps = refused.steps.toSpliced(place.step, 1, ...instead);
  return [{ table: refused.table, steps }, ...tables.slice(place.table + 1)];
}

/** Gives the number of the first line that looks for, or removes, a jump to a chain; `undefined`: none does. */
export function lineThatJumps(tables: readonly TableChanges[], chain: string): number | undefined {
  const lines = scriptOf(tables).text.split("\n");
  const index = lines.findIndex((line) => /^-[CD] /u.test(line) && line.endsWith(` -j ${chain}`));
  return index < 0 ? undefined : index + 1;
}

/** Puts changes of the same table together, in their order. */
export function mergeTables(changes: readonly TableChanges[]): readonly TableChanges[] {
  return [...Map.groupBy(changes, ({ table }) => table)].map(([table, each]) => ({
    table,
    steps: each.flatMap(({ steps }) => steps),
  }));
}
