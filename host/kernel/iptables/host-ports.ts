/**
 * @module Published ports by iptables: a chain for each port, entered from a shared one. Pure.
 *
 * ```
 * *nat
 * -A PREROUTING -m addrtype --dst-type LOCAL … -j CNIDARIA-PORTS          the same in OUTPUT
 * -A CNIDARIA-PORTS -p tcp -m tcp --dport 8080 … -j CNIDARIA-P-<hash>     conditions in there return
 * -A CNIDARIA-P-<hash> -p tcp … -j DNAT --to-destination 10.88.0.2:80
 * -A POSTROUTING -m conntrack --ctstate DNAT … -j CNIDARIA-PORTS-SRC
 * -A CNIDARIA-PORTS-SRC -s 10.88.0.0/16 -d 10.88.0.2/32 … -j MASQUERADE   what is to come back this way
 * *mangle
 * -A INPUT ! -i lo -d 127.0.0.0/8 … -j CNIDARIA-GUARD                     drops what was not redirected
 * ```
 * Only what is for an address of the node itself is looked at, and only after what the node has. `-i` means nothing in POSTROUTING, so a
 * container's own packets, and those of containers beside it, are known by their subnet.
 */
import {
  addressBits,
  formatIpAddress,
  formatIpPrefix,
  networkOf,
  type IpFamily,
  type IpPrefix,
} from "../../spec/ip.ts";
import type { HostPort, PortTarget } from "../host-port-elements.ts";
import type { SourceTranslation } from "../host-ports.ts";
import type { PortConditions } from "../port-conditions.ts";
import { chainName, hostPrefix } from "./names.ts";
import { rulesInChains, rulesInShared, type EnteredChains, type OwnedRules } from "./owned-rules.ts";
import { ownedBy, type Rule, rule, type SharedChain, SHARED_WORDS } from "./rule-text.ts";

const PORTS = "CNIDARIA-PORTS";
const SOURCES = "CNIDARIA-PORTS-SRC";
const GUARD = "CNIDARIA-GUARD";
const LOOPBACK = { ipv4: "127.0.0.0/8", ipv6: "::1/128" } as const;

/** A port that leads to a container, for an owner. */
export interface IptablesPort {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  readonly from: HostPort;
  readonly to: PortTarget;
  /** `undefined`: none. */
  readonly conditions: PortConditions | undefined;
}

/** A container's address that has ports, for an owner. */
export interface IptablesPortAddress {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  /** With the prefix of its subnet. */
  readonly address: IpPrefix;
  readonly sourceTranslation: SourceTranslation;
}

/** What all ports of a family share. `route_localnet` would let containers to what listens on 127.0.0.1; IPv6 has no such thing. */
export function portChains(family: IpFamily): readonly SharedChain[] {
  const local = ["-m", "addrtype", "--dst-type", "LOCAL", ...SHARED_WORDS, "-j", PORTS];
  const redirected = ["-m", "conntrack", "--ctstate", "DNAT", ...SHARED_WORDS, "-j", SOURCES];
  const own = rule(PORTS, "-d", LOOPBACK.ipv6, ...SHARED_WORDS, "-j", "RETURN");
  const coming = rule("INPUT", "-d", LOOPBACK.ipv4, "!", "-i", "lo", ...SHARED_WORDS, "-j", GUARD);
  const others = rule(GUARD, "-m", "conntrack", "!", "--ctstate", "DNAT", ...SHARED_WORDS, "-j", "DROP");
  return [
    {
      table: "nat",
      name: PORTS,
      jumps: [rule("PREROUTING", ...local), rule("OUTPUT", ...local)],
      rules: family === "ipv6" ? [own] : [],
    },
    { table: "nat", name: SOURCES, jumps: [rule("POSTROUTING", ...redirected)], rules: [] },
    ...(family === "ipv4" ? [{ table: "mangle", name: GUARD, jumps: [coming], rules: [others] } as const] : []),
  ];
}

/** Publishes a port. */
export function portRules(port: IptablesPort): OwnedRules {
  return rulesInChains("nat", () => chainsOf(port));
}

/** Has packets to an address get the node's, as far as that is asked for. */
export function translationRules(address: IptablesPortAddress): OwnedRules {
  return rulesInShared("nat", () => translationsOf(address));
}

function translationsOf({ tag, address, sourceTranslation }: IptablesPortAddress): Rule[] {
  const to = ["-d", hostPrefix(address.address), ...ownedBy(tag), "-j", "MASQUERADE"];
  if (sourceTranslation === "none") return [];
  if (sourceTranslation === "all") return [rule(SOURCES, ...to)];
  const beside = rule(SOURCES, "-s", formatIpPrefix(networkOf(address)), ...to);
  return address.address.tag === "ipv4" ? [rule(SOURCES, "-s", LOOPBACK.ipv4, ...to), beside] : [beside];
}

function chainsOf(port: IptablesPort): EnteredChains {
  const { tag, from } = port;
  const { protocol, port: number, address } = from;
  const at = address === undefined ? [] : ["-d", hostPrefix(address)];
  const chains = stagesOf(port);
  const first = chains[0]?.name ?? "";
  const matched = ["-p", protocol, "-m", protocol, "--dport", String(number)];
  return { entry: rule(PORTS, ...at, ...matched, ...ownedBy(tag), "-j", first), chains };
}

/** What must not be, and then a chain more for each list of which one must be. */
function stagesOf({ tag, from, to, conditions }: IptablesPort): EnteredChains["chains"] {
  const detail = `${from.protocol} ${from.port} ${from.address === undefined ? "" : formatIpAddress(from.address)}`;
  const nameOf = (stage: number): string => chainName(["P", "Q", "R"][stage] ?? "P", tag, detail);
  const owner = ownedBy(tag);
  const lists = [prefixWords("-s", conditions?.sources), prefixWords("-d", conditions?.destinations)];
  const asked = lists.filter((list) => list.length > 0);
  const passes = asked.map((list, stage) =>
    list.map((words) => rule(nameOf(stage), ...words, ...owner, "-j", nameOf(stage + 1))),
  );
  const last = nameOf(asked.length);
  const redirect = rule(last, "-p", from.protocol, ...owner, "-j", "DNAT", "--to-destination", targetText(to));
  const bars = barsOf(conditions).map((words) => rule(nameOf(0), ...words, ...owner, "-j", "RETURN"));
  return [...passes, [redirect]].map((rules, stage) => ({
    name: nameOf(stage),
    rules: stage === 0 ? [...bars, ...rules] : rules,
  }));
}

/** What a packet must not be. */
function barsOf(conditions: PortConditions | undefined): string[][] {
  if (conditions === undefined) return [];
  const { incomingLink, excludedLink, excludedSources, excludedDestinations } = conditions;
  return [
    ...(incomingLink === undefined ? [] : [["!", "-i", incomingLink]]),
    ...(excludedLink === undefined ? [] : [["-i", excludedLink]]),
    ...prefixWords("-s", excludedSources),
    ...prefixWords("-d", excludedDestinations),
  ];
}

function prefixWords(option: "-s" | "-d", prefixes: readonly IpPrefix[] = []): string[][] {
  return prefixes.map((prefix) => [option, formatIpPrefix(networkOf(prefix))]);
}

function targetText({ address, port }: PortTarget): string {
  const text = formatIpAddress(address);
  return addressBits(address.tag) === 32 ? `${text}:${port}` : `[${text}]:${port}`;
}
