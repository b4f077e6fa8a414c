/**
 * @module `host-ports`: ports of the node that lead to the container. A port is reserved in the ledger before the packet filter hears of it.
 */
import * as z from "zod";
import {
  addPortLink,
  describeHostPort,
  publishPorts,
  readHostPort,
  readSourceTranslation,
  type Publication,
} from "../../kernel/host-ports.ts";
import { readSysctl, writeSysctl } from "../../kernel/sysctl.ts";
import { formatIpAddress, formatIpPrefix, ipEquals, isUnspecified } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { recover } from "../ledger/recovery.ts";
import type { OwnedRow } from "../ledger/records.ts";
import {
  addressRow,
  excludeEachOther,
  forgetFlows,
  HOST_PORT,
  keyOfPort,
  PORT_KINDS,
  PORT_LINK,
  portRow,
  publicationOf,
  readPortRow,
  type PublishedPort,
} from "../published-ports.ts";
import { undoOwned } from "../undo/owned.ts";
import { undoRemains } from "../undo/remains.ts";
import { IP_ADDRESS, IP_PREFIX, LINK_NAME } from "./arguments.ts";
import { removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { OperationFailure, operation, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Most ports of one attachment. */
const PORTS_MAX = 4096;
const U16_MAX = 0xffff;
/** Kinds of links that lead to containers alone: only there does 127.0.0.1 leave the node. */
const CONTAINER_LINK_KINDS: readonly string[] = ["bridge", "veth"];

const PORT = z.int().min(0).max(U16_MAX);
const PUBLISHED_PORT = z.object({
  protocol: z.enum(["tcp", "udp", "sctp"]),
  hostPort: PORT,
  hostAddress: IP_ADDRESS.optional(),
  containerAddress: IP_PREFIX,
  containerPort: PORT,
});
const CONDITIONS = z.object({
  incomingLink: LINK_NAME.optional(),
  excludedLink: LINK_NAME.optional(),
  sources: z.array(IP_PREFIX),
  excludedSources: z.array(IP_PREFIX),
  destinations: z.array(IP_PREFIX),
});
const OPTIONS = z.object({ sourceTranslation: z.enum(["none", "local", "all"]), conditions: CONDITIONS });

type Asked = z.output<typeof PUBLISHED_PORT>;
type Options = z.output<typeof OPTIONS>;

export const HOST_PORTS: OperationInterface = {
  name: "host-ports",
  errors: {
    EEXIST: "conflict",
    ENOENT: "unsupported",
    ENOSYS: "unsupported",
    EOPNOTSUPP: "unsupported",
    EPROTONOSUPPORT: "unsupported",
    EAFNOSUPPORT: "unsupported",
  },
  otherwise: "invalid-argument",
  operations: {
    publish: operation({
      effect: "change",
      maxCalls: 16,
      schema: z.tuple([z.array(PUBLISHED_PORT), OPTIONS]),
      run: (context, [asked, options]) => publish(context, portsOf(context, asked), options),
    }),
    list: operation({ effect: "read", schema: z.tuple([]), run: list }),
    withdraw: operation({ effect: "change", schema: z.tuple([]), run: withdraw }),
  },
};

/** Judges what is asked for; each port once. */
function portsOf(context: OperationContext, asked: readonly Asked[]): readonly PublishedPort[] {
  if (asked.length > PORTS_MAX) throw invalid(`${asked.length} ports are asked for, ${PORTS_MAX} are possible`);
  const ports = asked.map((each) => portOf(context, each));
  const texts = new Map(ports.map((port) => [JSON.stringify(port), port]));
  const once = [...texts.values()];
  const seen = new Map<string, PublishedPort[]>();
  for (const port of once) {
    const others = seen.get(keyOfPort(port.from)) ?? [];
    if (others.some(({ from }) => excludeEachOther(from, port.from)))
      throw invalid(`${describeHostPort(port.from)} is asked for twice, to lead to two places`);
    seen.set(keyOfPort(port.from), [...others, port]);
  }
  return once;
}

function portOf(context: OperationContext, asked: Asked): PublishedPort {
  const { protocol, hostPort, hostAddress, containerAddress, containerPort } = asked;
  const family = containerAddress.address.tag;
  if (hostPort === 0 || containerPort === 0) throw invalid("a port is 1 to 65535");
  if (hostAddress !== undefined && hostAddress.tag !== family)
    throw invalid(`${formatIpAddress(hostAddress)} cannot lead to ${formatIpPrefix(containerAddress)}`);
  refuseLeased(context, containerAddress.address);
  const address = hostAddress === undefined || isUnspecified(hostAddress) ? undefined : hostAddress;
  if (address !== undefined && context.state.node.rtnetlink.lookUpRoute(address)?.local !== true)
    throw invalid(`${formatIpAddress(address)} is not an address of this node`);
  return { from: { family, protocol, port: hostPort, address }, containerAddress, containerPort };
}

/** Publishes, in place of what is published. Recovers an operation whose helper died, if it holds a port. */
async function publish(context: OperationContext, ports: readonly PublishedPort[], options: Options): Promise<void> {
  refuseConditions(options);
  const before = rowsOf(context);
  if (ports.length === 0) return withdraw(context);
  const addresses = distinct(ports.map(({ containerAddress }) => containerAddress));
  let rows = claim(context, ports, addresses);
  if ("holder" in rows && (await isRecovered(context, rows.holder))) rows = claim(context, ports, addresses);
  if ("holder" in rows) throw takenBy(rows);
  const wanted: Publication = {
    ...publicationOf(rows.made, context.call.tag),
    sourceTranslation: options.sourceTranslation,
  };
  try {
    publishPorts(
      context.state.node.nftables(),
      wanted,
      before.length === 0 ? undefined : publicationOf(before, wanted.tag),
    );
  } catch (error) {
    for (const { id } of rows.made) context.state.ledger.forget(id);
    throw error;
  }
  for (const { id } of rows.made) context.state.ledger.done(id);
  const links = options.sourceTranslation === "none" ? new Map<string, PortLink>() : linksTo(context, addresses);
  for (const [name, link] of links) translateOnLink(context, name, link);
  for (const port of ports) forgetFlows(context.state, port);
  leaveBehind(context, before, links);
}

function refuseConditions({ conditions }: Options): void {
  const { incomingLink, excludedLink, sources, excludedSources, destinations } = conditions;
  const isAny = [sources, excludedSources, destinations].some((list) => list.length > 0);
  if (isAny || incomingLink !== undefined || excludedLink !== undefined)
    throw new OperationFailure("unsupported", "conditions are not implemented", true);
}

/** Rows that were written, or a port that somebody holds. */
type Claim = { readonly made: readonly OwnedRow[] } | { readonly holder: OwnedRow; readonly port: PublishedPort };

/** Reserves all ports or none, in one transaction that no other helper writes into. */
function claim(
  { state, call }: OperationContext,
  ports: readonly PublishedPort[],
  addresses: readonly IpPrefix[],
): Claim {
  const { ledger, node } = state;
  const ids = { operationId: call.operation.id, callId: call.id };
  return ledger.transaction((): Claim => {
    for (const port of ports) {
      const claims = ledger.owned({ kind: HOST_PORT, key: keyOfPort(port.from), nodeNetnsCookie: node.cookie });
      const holder = claims.find((row) => row.tag !== call.tag && excludeEachOther(readPortRow(row).from, port.from));
      if (holder !== undefined) return { holder, port };
    }
    const intents = [...addresses.map(addressRow), ...ports.map(portRow)];
    const made = intents.map((intent) => {
      const id = ledger.intent(call.owner, { ...ids, ...intent });
      return { ...call.owner, ...ids, ...intent, id, state: "intent", replaced: undefined, tag: call.tag } as const;
    });
    return { made };
  });
}

/** Undoes the operation that made a row, if its helper died. */
async function isRecovered({ state }: OperationContext, { operationId }: OwnedRow): Promise<boolean> {
  const { ledger, locks } = state;
  const recovered = await recover(ledger, locks, (remains) => undoRemains(state, remains), { operationId });
  return recovered.length > 0;
}

function takenBy({ holder, port }: Extract<Claim, { holder: OwnedRow }>): OperationFailure {
  const { network, containerId, ifname } = holder;
  const asked = describeHostPort(port.from);
  const held = describeHostPort(readPortRow(holder).from);
  const why = `${asked} is taken: ${ifname} of container ${containerId} in network ${JSON.stringify(network)} has ${held}`;
  return new OperationFailure("conflict", why, true);
}

/** A link that leads to the container. */
interface PortLink {
  readonly index: number;
  /** Whether packets from 127.0.0.1 are to leave by it. */
  readonly routesLocalnet: boolean;
}

/** Finds the links that lead to addresses, by name. One that leads to others as well, such as an uplink, gets nothing from 127.0.0.1. */
function linksTo({ state }: OperationContext, addresses: readonly IpPrefix[]): ReadonlyMap<string, PortLink> {
  const { rtnetlink } = state.node;
  const links = new Map<string, PortLink>();
  for (const { address } of addresses) {
    const route = rtnetlink.lookUpRoute(address);
    const link = route === undefined || route.local ? undefined : rtnetlink.getLink({ index: route.linkIndex });
    if (link === undefined) continue;
    const isWanted = address.tag === "ipv4" && CONTAINER_LINK_KINDS.includes(link.kind);
    const routesLocalnet = isWanted || links.get(link.name)?.routesLocalnet === true;
    links.set(link.name, { index: link.index, routesLocalnet });
  }
  return links;
}

/** Lets packets that came in over the container's link leave by it again with the node's address, and those from 127.0.0.1 leave by it at all. */
function translateOnLink({ state, call }: OperationContext, name: string, { index, routesLocalnet }: PortLink): void {
  const { ledger, node } = state;
  const switchKey = { name: "route_localnet", link: name } as const;
  ledger.transaction(() => {
    const other = ledger.findOwned({ kind: PORT_LINK, key: name, nodeNetnsCookie: node.cookie }, 0);
    const isMissing = routesLocalnet && readSysctl(node.netns, switchKey) === 0;
    const isOurs = isMissing || (other?.undo["index"] === index && other.undo["routesLocalnet"] === true);
    ledger.intent(call.owner, {
      operationId: call.operation.id,
      callId: call.id,
      kind: PORT_LINK,
      key: name,
      undo: { index, routesLocalnet: isOurs },
      description: `published ports over ${name}`,
      isDone: true,
    });
    addPortLink(node.nftables(), name);
    if (isMissing) writeSysctl(node.netns, switchKey, 1);
  });
}

/** Forgets rows whose things others have taken the place of; undoes those of links that nothing is published over any more. */
function leaveBehind(
  { state }: OperationContext,
  before: readonly OwnedRow[],
  links: ReadonlyMap<string, PortLink>,
): void {
  for (const row of before) {
    if (row.kind === PORT_LINK && !links.has(row.key)) undoOwned(state, row);
    state.ledger.forget(row.id);
  }
}

function list(context: OperationContext): unknown {
  const nftables = context.state.node.nftables();
  return rowsOf(context).flatMap((row) => {
    if (row.kind !== HOST_PORT) return [];
    const { from, containerAddress } = readPortRow(row);
    const found = readHostPort(nftables, from);
    const { address } = containerAddress;
    const isWhole = found?.tag === row.tag && readSourceTranslation(nftables, { tag: row.tag, address }) !== undefined;
    if (found === undefined || !isWhole || !ipEquals(found.to.address, address)) return [];
    const { protocol, port: hostPort, address: hostAddress } = from;
    return [{ protocol, hostPort, hostAddress, containerAddress, containerPort: found.to.port }];
  });
}

function withdraw(context: OperationContext): void {
  removeRows(context, rowsOf(context).toReversed());
}

/** What this plugin has for the attachment, in the order in which it is to be undone from the end. */
function rowsOf(context: OperationContext): OwnedRow[] {
  return PORT_KINDS.flatMap((kind) => rowsOfPlugin(context, kind));
}

function distinct(prefixes: readonly IpPrefix[]): IpPrefix[] {
  return [...new Map(prefixes.map((prefix) => [formatIpPrefix(prefix), prefix])).values()];
}

function invalid(why: string): OperationFailure {
  return new OperationFailure("invalid-argument", why, true);
}
