/**
 * @module The options `conditionsV4` and `conditionsV6`: words of iptables, or of nftables, of which some are understood. Rule text is
 * never handed on: what the words say becomes data, and what is not understood is refused with its words.
 */
import type { Conditions } from "cnidaria:plugin/host-ports@0.1.0";

import { invalid, quote } from "../sdk/configuration.ts";
import { CODES, fail } from "../sdk/index.ts";
import { addressBits, type IpFamily, type IpPrefix } from "../sdk/ip.ts";
import { readAddress, readPrefix } from "../sdk/ip-text.ts";

/** A link's name, as iptables has it; its `+` stands for many. */
const LINK = /^[A-Za-z0-9._:-]{1,15}$/u;
/** What an option of iptables is about. */
const OPTIONS: Readonly<Record<string, Subject>> = {
  "-i": "link",
  "--in-interface": "link",
  "-s": "source",
  "--src": "source",
  "--source": "source",
  "-d": "destination",
  "--dst": "destination",
  "--destination": "destination",
};
const WANTED = 'a list of "-i LINK", "-s ADDRESS", "-d ADDRESS", each perhaps after "!"';

type Subject = "link" | "source" | "destination";
type Lists = "sources" | "excludedSources" | "destinations" | "excludedDestinations";

/** One of the conditions, as it is written. */
interface Term {
  readonly subject: Subject;
  readonly isExcluded: boolean;
  readonly value: string;
  /** Its words, for errors. */
  readonly words: string;
}

/** Where the words are. */
export interface ConditionsSource {
  /** Name of the option. */
  readonly option: string;
  readonly family: IpFamily;
}

/**
 * Reads the words of conditions; `undefined`: there are none.
 * @throws {PluginFailure} code 7 for words that are not understood; it says which.
 */
export function readConditions(words: readonly string[], source: ConditionsSource): Conditions | undefined {
  if (words.length === 0) return undefined;
  const terms = readTerms(words, source.option);
  return {
    ...linkOf(terms, "incomingLink", source),
    ...linkOf(terms, "excludedLink", source),
    sources: prefixesOf(terms, "sources", source),
    excludedSources: prefixesOf(terms, "excludedSources", source),
    destinations: prefixesOf(terms, "destinations", source),
    excludedDestinations: prefixesOf(terms, "excludedDestinations", source),
  };
}

function readTerms(words: readonly string[], option: string): Term[] {
  const terms: Term[] = [];
  for (let index = 0; index < words.length;) {
    const isExcluded = words[index] === "!";
    const at = isExcluded ? index + 1 : index;
    const [name = "", value] = words.slice(at, at + 2);
    const subject = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    const text = words.slice(index, at + 2).join(" ");
    if (subject === undefined || value === undefined || value === "!") return refuse(option, index, text);
    terms.push({ subject, isExcluded, value, words: text });
    index = at + 2;
  }
  return terms;
}

function refuse(option: string, index: number, words: string): never {
  return invalid(`${option}[${index}]`, WANTED, words);
}

/** Gives the name of a link; nothing where there is none. */
function linkOf(
  terms: readonly Term[],
  field: "incomingLink" | "excludedLink",
  { option }: ConditionsSource,
): Pick<Conditions, "incomingLink" | "excludedLink"> {
  const [term, other] = terms.filter(
    (each) => each.subject === "link" && each.isExcluded === (field === "excludedLink"),
  );
  if (term === undefined) return {};
  if (other !== undefined)
    fail(CODES.invalidNetworkConfig, `${option}: want one link, got ${quote(`${term.words} ${other.words}`)}`);
  if (!LINK.test(term.value)) invalid(option, 'a link\'s name, without "+"', term.words);
  return { [field]: term.value };
}

/** Gives the addresses of all terms that one list is made of. Several in one term are separated by commas. */
function prefixesOf(terms: readonly Term[], list: Lists, source: ConditionsSource): IpPrefix[] {
  const subject = list === "sources" || list === "excludedSources" ? "source" : "destination";
  const isExcluded = list.startsWith("excluded");
  const found = terms.filter((term) => term.subject === subject && term.isExcluded === isExcluded);
  const [first, second] = found;
  // Each is a condition, and all of them hold: of two that are not negated that is no list.
  if (!isExcluded && first !== undefined && second !== undefined)
    invalid(source.option, "one list, with commas", `${first.words} ${second.words}`);
  return found.flatMap((term) => term.value.split(",").map((text) => prefixOf(text, term, source)));
}

function prefixOf(text: string, { words }: Term, { option, family }: ConditionsSource): IpPrefix {
  const address = readAddress(text);
  const prefix = address === undefined ? readPrefix(text) : { address, prefixLength: addressBits(address.tag) };
  if (prefix !== undefined && prefix.address.tag === family) return prefix;
  return invalid(
    option,
    `${family === "ipv4" ? "IPv4" : "IPv6"} addresses such as ${family === "ipv4" ? "192.0.2.0/24" : "2001:db8::/32"}`,
    words,
  );
}
