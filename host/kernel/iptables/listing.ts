/**
 * @module What of iptables is Cnidaria's, by the names of chains and the comments of rules: for comparing all of it, never on the way of a call.
 */
import type { IpFamily } from "../../spec/ip.ts";
import { listChains } from "../filter-elements.ts";
import type { Netns } from "../netns.ts";
import type { IptablesTarget } from "./iptables.ts";
import { hasLegacyTable } from "./presence.ts";
import { findPrograms } from "./programs.ts";
import type { Rule, TableName } from "./rule-text.ts";
import { readLines } from "./run.ts";

/** Most lines of Cnidaria's that are read: four for each of many attachments. */
const LINES_MAX = 400_000;
const TABLES: readonly TableName[] = ["filter", "mangle", "nat"];
const CHAIN_PREFIX = "CNIDARIA-";
/** Names of chains that are one attachment's. */
const OWN_CHAIN = /^CNIDARIA-[A-Z]-[0-9a-f]{14}$/u;
const TAG = /^cnidaria:([0-9a-f]{32})$/u;
/** Words of a line of `iptables-save`: what has odd characters is in quotes. */
const WORDS = /"((?:[^"\\]|\\.)*)"|(\S+)/gu;
/** What tells rules of one owner in one chain from each other. */
const TELLING: readonly string[] = ["-p", "-s", "-d", "-i", "-o", "--dport", "-j"];
const NUMBERS: Readonly<Record<IpFamily, "ip" | "ip6">> = { ipv4: "ip", ipv6: "ip6" };

/** A chain with its rules, as far as they are Cnidaria's. */
export interface OwnChain {
  readonly table: TableName;
  readonly name: string;
  /** First first. */
  readonly rules: readonly OwnRule[];
}

/** A rule of a chain. */
export interface OwnRule extends Rule {
  /** The owner's; `undefined`: several share it. */
  readonly tag: string | undefined;
}

/** Tells whether a chain is one attachment's. */
export function isOwnChain(name: string): boolean {
  return OWN_CHAIN.test(name);
}

/** Names a rule in a chain by what tells it from the owner's others, whatever else iptables makes of its words. */
export function fingerprintOf({ words }: Pick<Rule, "words">): string {
  return TELLING.flatMap((option) => {
    const value = words[words.indexOf(option) + 1];
    return !words.includes(option) || value === undefined || value.endsWith("/0") ? [] : [option, value];
  }).join(" ");
}

/**
 * Lists Cnidaria's chains and rules of a variant and a family. Where there cannot be any no program is run.
 * @throws {KernelError} ENOSYS without iptables, and what its program says.
 */
export async function listOwn(netns: Pick<Netns, "fd">, target: IptablesTarget): Promise<readonly OwnChain[]> {
  if (!mayHaveOwn(netns, target)) return [];
  const { setpriv, save } = findPrograms(target.variant, target.family);
  if (save === undefined) return [];
  const command = [setpriv, "--pdeathsig", "SIGKILL", "--", save];
  return parseSaved(await readLines(netns, { command, keep: isOfInterest, max: LINES_MAX }));
}

/** Reads lines of `iptables-save`. */
export function parseSaved(lines: readonly string[]): readonly OwnChain[] {
  const chains = new Map<string, { table: TableName; name: string; rules: OwnRule[] }>();
  let table: TableName | undefined;
  const at = (name: string): { rules: OwnRule[] } | undefined => {
    if (table === undefined) return undefined;
    const found = chains.get(`${table} ${name}`) ?? { table, name, rules: [] };
    chains.set(`${table} ${name}`, found);
    return found;
  };
  for (const line of lines) {
    const words = [...line.matchAll(WORDS)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    const [first = "", chain = "", ...rest] = words;
    if (first.startsWith("*")) table = TABLES.find((name) => `*${name}` === first);
    else if (first.startsWith(":")) at(first.slice(1));
    else if (first === "-A") at(chain)?.rules.push({ chain, words: rest, tag: tagAmong(rest) });
  }
  return [...chains.values()];
}

function tagAmong(words: readonly string[]): string | undefined {
  return words.map((word) => TAG.exec(word)?.[1]).find((tag) => tag !== undefined);
}

function isOfInterest(line: string): boolean {
  return /^\*|^:CNIDARIA-|^-A .*--comment "?cnidaria[: "]|^-A CNIDARIA-/u.test(line);
}

/** The variant by nf_tables is asked of by the names of chains; of the older one its tables have to be read. */
function mayHaveOwn(netns: Pick<Netns, "fd">, { variant, family }: IptablesTarget): boolean {
  if (variant === "iptables-legacy") return TABLES.some((table) => hasLegacyTable(netns, family, table));
  return listChains(netns, { family: NUMBERS[family] }).some(({ name }) => name.startsWith(CHAIN_PREFIX));
}
