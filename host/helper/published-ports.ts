/**
 * @module What the ledger says of published ports: a row for each port, which reserves it, one for each address of the container, one for the
 * link that leads there, and one for the conditions of a family's ports.
 */
import { describeHostPort, type HostPort, type TransportProtocol } from "../kernel/host-port-elements.ts";
import type { Publication, SourceTranslation } from "../kernel/host-ports.ts";
import { conditionChainName, type ConditionChain, type PortConditions } from "../kernel/port-conditions.ts";
import { formatIpAddress, formatIpPrefix, ipEquals, parseIpAddress, parseIpPrefix, type IpPrefix } from "../spec/ip.ts";
import type { Intent, OwnedRow } from "./ledger/records.ts";

/** A row for each port that is published: while it is there, nobody else gets the port. */
export const HOST_PORT = "host-port";
/** A row for each address of the container that has ports. */
export const PUBLISHED_ADDRESS = "published-address";
/** A row for the chain of conditions that ports of a family have. */
export const PORT_CONDITIONS = "port-conditions";
/** A row for the link that leads to the container. */
export const PORT_LINK = "port-link";
/** Kinds of rows, in the order in which they are written. Undone from the last to the first: the packet filter guards as long as a link needs it. */
export const PORT_KINDS = [PUBLISHED_ADDRESS, PORT_CONDITIONS, PORT_LINK, HOST_PORT] as const;

/** The WIT record `published-port`, with the family of its addresses. */
export interface PublishedPort {
  readonly from: HostPort;
  readonly containerAddress: IpPrefix;
  readonly containerPort: number;
  /** Chain of the conditions that it is redirected on; `undefined`: always. */
  readonly when?: string | undefined;
}

/** Conditions as a row has them: addresses as text. */
type ConditionTexts = {
  readonly [Key in keyof PortConditions]: PortConditions[Key] extends readonly IpPrefix[]
    ? readonly string[]
    : PortConditions[Key];
};

/** What a row of a kind says. */
type RowOf = Pick<Intent, "kind" | "key" | "undo" | "description">;

/** Makes the row of a port. Its key is the same for whoever wants the port, on whichever address. */
export function portRow({ from, containerAddress, containerPort, when }: PublishedPort): RowOf {
  const { family, protocol, port, address } = from;
  return {
    kind: HOST_PORT,
    key: keyOfPort(from),
    undo: {
      family,
      protocol,
      port,
      address: address === undefined ? null : formatIpAddress(address),
      containerAddress: formatIpPrefix(containerAddress),
      containerPort,
      ...(when === undefined ? {} : { when }),
    },
    description: `${describeHostPort(from)} to ${formatIpAddress(containerAddress.address)} port ${containerPort}`,
  };
}

/** Makes of a row of a port, or of an address, one that iptables stands for. It says its conditions itself. */
export function byIptables(row: RowOf, variant: string, conditions?: PortConditions): RowOf {
  const said = conditions === undefined ? {} : { conditions: textsOf(conditions) };
  return { ...row, undo: { ...row.undo, variant, ...said } };
}

/** Tells whether a row stands for something in iptables. */
export function isByIptables({ undo }: Pick<OwnedRow, "undo">): boolean {
  return undo["variant"] !== undefined;
}

/** Gives the key that all rows of a port have. */
export function keyOfPort({ family, protocol, port }: HostPort): string {
  return `${family} ${protocol} ${port}`;
}

/** Reads the row of a port. */
export function readPortRow({ undo }: Pick<OwnedRow, "undo">): PublishedPort {
  const { family, protocol, port, address, containerAddress, containerPort, when } = undo;
  return {
    from: {
      family: family === "ipv6" ? "ipv6" : "ipv4",
      protocol: protocol as TransportProtocol,
      port: Number(port),
      address: typeof address === "string" ? parseIpAddress(address) : undefined,
    },
    containerAddress: parseIpPrefix(String(containerAddress)),
    containerPort: Number(containerPort),
    when: typeof when === "string" ? when : undefined,
  };
}

/** Tells whether two claims on one port exclude each other: every address includes each. */
export function excludeEachOther({ address: one }: HostPort, { address: other }: HostPort): boolean {
  return one === undefined || other === undefined || ipEquals(one, other);
}

/** Makes the row of an address of the container. */
export function addressRow(address: IpPrefix, sourceTranslation: SourceTranslation): RowOf {
  const text = formatIpPrefix(address);
  return {
    kind: PUBLISHED_ADDRESS,
    key: text,
    undo: { address: text, sourceTranslation },
    description: `published address ${formatIpAddress(address.address)}`,
  };
}

/** Reads whose source is translated, as the row of an address has it. */
export function readSourceTranslationText(value: unknown): SourceTranslation {
  return value === "local" || value === "all" ? value : "none";
}

/** Makes the row of conditions, which it says: so that it can be told whether all are there, and they can be put back. */
export function conditionsRow(chain: ConditionChain): RowOf {
  const name = conditionChainName(chain);
  return {
    kind: PORT_CONDITIONS,
    key: name,
    undo: { family: chain.family, conditions: textsOf(chain.conditions) },
    description: `conditions of published ${chain.family === "ipv4" ? "IPv4" : "IPv6"} ports`,
  };
}

/** Reads the row of conditions. */
export function readConditionsRow({ undo, tag }: Pick<OwnedRow, "undo" | "tag">): ConditionChain {
  const family = undo["family"] === "ipv6" ? "ipv6" : "ipv4";
  return { tag, family, conditions: readTexts(undo["conditions"] as ConditionTexts) };
}

/** Reads conditions that a row has itself; `undefined`: it has none. */
export function readConditionTexts(value: unknown): PortConditions | undefined {
  return value === undefined ? undefined : readTexts(value as ConditionTexts);
}

function readTexts({ incomingLink, excludedLink, ...lists }: ConditionTexts): PortConditions {
  const read = (texts: readonly string[]): readonly IpPrefix[] => texts.map(parseIpPrefix);
  return {
    incomingLink,
    excludedLink,
    sources: read(lists.sources),
    excludedSources: read(lists.excludedSources),
    destinations: read(lists.destinations),
    excludedDestinations: read(lists.excludedDestinations),
  };
}

function textsOf({ incomingLink, excludedLink, ...lists }: PortConditions): ConditionTexts {
  return {
    ...(incomingLink === undefined ? {} : { incomingLink }),
    ...(excludedLink === undefined ? {} : { excludedLink }),
    sources: lists.sources.map(formatIpPrefix),
    excludedSources: lists.excludedSources.map(formatIpPrefix),
    destinations: lists.destinations.map(formatIpPrefix),
    excludedDestinations: lists.excludedDestinations.map(formatIpPrefix),
  };
}

/** Gives what rows of one owner say together. Of what is published, not of how. */
export function publicationOf(rows: readonly OwnedRow[], tag: string): Publication {
  return {
    tag,
    redirections: rows
      .filter(({ kind }) => kind === HOST_PORT)
      .map(readPortRow)
      .map(({ from, containerAddress, containerPort, when }) => ({
        from,
        when,
        to: { address: containerAddress.address, port: containerPort },
      })),
    addresses: rows
      .filter(({ kind }) => kind === PUBLISHED_ADDRESS)
      .map(({ undo }) => parseIpPrefix(String(undo["address"])).address),
    sourceTranslation: "none",
  };
}
