/**
 * @module `host-ports`: ports of the node that lead to the container. A port is reserved in the ledger before the packet filter hears of it.
 */
import * as z from "zod";
import { describeHostPort } from "../../kernel/host-port-elements.ts";
import { isKernelError } from "../../kernel/error.ts";
import {
  publishPorts,
  readHostPort,
  readSourceTranslation,
  removeUnusedHostPorts,
  type Publication,
} from "../../kernel/host-ports.ts";
import { conditionChainName } from "../../kernel/port-conditions.ts";
import { formatIpAddress, formatIpPrefix, ipEquals, isUnspecified } from "../../spec/ip.ts";
import { portConditions } from "../kinds/host-ports.ts";
import type { OwnedRow } from "../ledger/records.ts";
import {
  excludeEachOther,
  HOST_PORT,
  isByIptables,
  keyOfPort,
  PORT_CONDITIONS,
  PORT_LINK,
  publicationOf,
  PUBLISHED_ADDRESS,
  readPortRow,
  type PublishedPort,
} from "../published-ports.ts";
import type { HelperState } from "../state.ts";
import { undoOwned } from "../undo/owned.ts";
import { beginWithdrawal } from "../undo/withdrawals.ts";
import { thingOf } from "../iptables-things.ts";
import { chooseFilter } from "../packet-filter.ts";
import { IP_ADDRESS, IP_PREFIX, PACKET_FILTER } from "./arguments.ts";
import { removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { listInIptables, publishByIptables } from "./host-ports-iptables.ts";
import { removeIptablesRows } from "./iptables-rows.ts";
import { OperationFailure, operation, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";
import { claim } from "./port-claims.ts";
import { CONDITION_OPTIONS, conditionsOf } from "./port-conditions.ts";
import { linksTo, translateOnLink, type PortLink } from "./port-links.ts";
import { addressesOf, forgetFlowsTo, recordOf, rowsOfPorts } from "./port-rows.ts";

/** Most ports of one attachment. */
const PORTS_MAX = 4096;
const U16_MAX = 0xffff;
const PORT = z.int().min(0).max(U16_MAX);
const PUBLISHED_PORT = z.object({
  protocol: z.enum(["tcp", "udp", "sctp"]),
  hostPort: PORT,
  hostAddress: IP_ADDRESS.optional(),
  containerAddress: IP_PREFIX,
  containerPort: PORT,
});
const OPTIONS = z.object({
  sourceTranslation: z.enum(["none", "local", "all"]),
  packetFilter: PACKET_FILTER,
  ...CONDITION_OPTIONS,
});

type Asked = z.output<typeof PUBLISHED_PORT>;
type Options = z.output<typeof OPTIONS>;

export const HOST_PORTS: OperationInterface = {
  name: "host-ports",
  errors: {
    EBUSY: "busy",
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
    list: operation({ effect: "read", maxCalls: 16, schema: z.tuple([]), run: list }),
    occupied: operation({ effect: "read", maxCalls: 16, schema: z.tuple([]), run: occupied }),
    withdraw: operation({ effect: "change", schema: z.tuple([]), run: withdraw }),
  },
};

/** Judges what is asked for; each port once. */
function portsOf(context: OperationContext, asked: readonly Asked[]): readonly PublishedPort[] {
  if (asked.length > PORTS_MAX) throw invalid(`${asked.length} ports are asked for, ${PORTS_MAX} are possible`);
  const ports = asked.map(portOf);
  judgeAddresses(context, ports);
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

function portOf(asked: Asked): PublishedPort {
  const { protocol, hostPort, hostAddress, containerAddress, containerPort } = asked;
  const family = containerAddress.address.tag;
  if (hostPort === 0 || containerPort === 0) throw invalid("a port is 1 to 65535");
  if (hostAddress !== undefined && hostAddress.tag !== family)
    throw invalid(`${formatIpAddress(hostAddress)} cannot lead to ${formatIpPrefix(containerAddress)}`);
  const address = hostAddress === undefined || isUnspecified(hostAddress) ? undefined : hostAddress;
  return { from: { family, protocol, port: hostPort, address }, containerAddress, containerPort };
}

/** Judges each address once: many ports have the same. @throws {OperationFailure} not-permitted, invalid-argument. */
function judgeAddresses(context: OperationContext, ports: readonly PublishedPort[]): void {
  for (const { address } of addressesOf(ports)) refuseLeased(context, address);
  const onNode = new Map(
    ports.flatMap(({ from: { address } }) => (address ? [[formatIpAddress(address), address]] : [])),
  );
  for (const [text, address] of onNode) {
    if (context.state.node.rtnetlink.lookUpRoute(address)?.local !== true)
      throw invalid(`${text} is not an address of this node`);
  }
}

/** Publishes, in place of what is published. Recovers an operation whose helper died, if it holds a port. */
async function publish(context: OperationContext, asked: readonly PublishedPort[], options: Options): Promise<void> {
  if (asked.length === 0) return withdraw(context);
  const granted = context.call.grant.capabilities["host-ports"]?.backends ?? [];
  const chosen = await chooseFilter(context.state, { asked: options.packetFilter, granted });
  if (chosen !== "nftables") return publishByIptables(context, asked, { ...options, variant: chosen });
  const all = rowsOfPorts(context);
  const before = all.filter((row) => !isByIptables(row));
  const conditions = conditionsOf(context, asked, options);
  const ports = asked.map((port) => ({ ...port, when: conditions.get(port.from.family)?.name }));
  const chains = [...conditions.values()].map(({ chain }) => chain);
  const addresses = addressesOf(ports);
  const rows = await claim(context, { addresses, sourceTranslation: options.sourceTranslation, chains, ports });
  const wanted: Publication = {
    ...publicationOf(rows, context.call.tag),
    sourceTranslation: options.sourceTranslation,
    conditions: chains,
  };
  try {
    publishPorts(
      context.state.node.nftables(),
      wanted,
      before.length === 0 ? undefined : publicationOf(before, wanted.tag),
    );
  } catch (error) {
    for (const { id } of rows) context.state.ledger.forget(id);
    removeFrameIfUnused(context.state);
    throw error;
  }
  for (const { id } of rows) context.state.ledger.done(id);
  const links = options.sourceTranslation === "none" ? new Map<string, PortLink>() : linksTo(context, addresses);
  for (const [name, link] of links) translateOnLink(context, name, link);
  forgetFlowsTo(context, ports);
  leaveBehind(context, before, new Set([...links.keys(), ...chains.map(conditionChainName)]));
  // The network's configuration has changed since.
  await removeIptablesRows(context, all.filter(isByIptables));
}

/** Forgets rows whose things others have taken the place of; undoes those of links and conditions that no port needs any more. */
function leaveBehind({ state }: OperationContext, before: readonly OwnedRow[], needed: ReadonlySet<string>): void {
  for (const row of before) {
    if ((row.kind === PORT_LINK || row.kind === PORT_CONDITIONS) && !needed.has(row.key)) undoOwned(state, row);
    state.ledger.forget(row.id);
  }
}

function list(context: OperationContext): unknown {
  const rows = rowsOfPorts(context);
  const inNftables = listInNftables(context, rows);
  const inIptables = rows.filter((row) => isByIptables(row) && row.kind !== PORT_LINK);
  if (inIptables.length === 0) return inNftables;
  return listInIptables(context, inIptables).then((found) => [...inNftables, ...found]);
}

function listInNftables({ state }: OperationContext, rows: readonly OwnedRow[]): readonly unknown[] {
  const ports = rows.filter((row) => row.kind === HOST_PORT && !isByIptables(row));
  if (ports.length === 0) return [];
  const nftables = state.node.nftables();
  const broken = brokenConditions(state, rows);
  return ports.flatMap((row) => {
    const port = readPortRow(row);
    const { from, when } = port;
    const { address } = port.containerAddress;
    const found = readHostPort(nftables, from, when);
    const isWhole = found?.tag === row.tag && readSourceTranslation(nftables, { tag: row.tag, address }) !== undefined;
    if (found === undefined || !isWhole || !ipEquals(found.to.address, address)) return [];
    return when !== undefined && broken.has(when) ? [] : [recordOf({ ...port, containerPort: found.to.port })];
  });
}

/** What listens there is not reached: redirection comes before it. */
function occupied(context: OperationContext): unknown {
  const listeners = context.state.node.listeners();
  const ports = rowsOfPlugin(context, HOST_PORT).map(readPortRow);
  return ports.filter(({ from }) => listeners.hasListener(from)).map(recordOf);
}

/** Names the chains of conditions that are not there with all of their rules. */
function brokenConditions(state: HelperState, rows: readonly OwnedRow[]): ReadonlySet<string> {
  const broken = rows.filter((row) => row.kind === PORT_CONDITIONS && portConditions.compare(state, row).length > 0);
  return new Set(broken.map(({ key }) => key));
}

function withdraw(context: OperationContext): void | Promise<void> {
  const { state, call } = context;
  const begun = new Set(call.operation.deletions.map(({ ownedId }) => ownedId));
  const rows = rowsOfPorts(context).toReversed();
  const inIptables = rows.filter((row) => thingOf(row) !== undefined);
  for (const row of rows) {
    if (begun.has(row.id) || inIptables.includes(row)) continue;
    if (row.kind === HOST_PORT) beginWithdrawal(state, call.operation, row);
    else removeRows(context, [row]);
  }
  // An earlier undo may have failed with ports alone: their addresses, which take along what all have in common, are gone by then.
  const inNftables = rows.filter((row) => !inIptables.includes(row));
  if (inNftables.length > 0 && !inNftables.some(({ kind }) => kind === PUBLISHED_ADDRESS)) removeFrameIfUnused(state);
  return inIptables.length === 0 ? undefined : removeIptablesRows(context, inIptables);
}

/** Nothing is in it that anybody owns: where the kernel refuses, the next who withdraws takes it along. */
function removeFrameIfUnused({ node }: HelperState): void {
  try {
    removeUnusedHostPorts(node.nftables());
  } catch (error) {
    if (!isKernelError(error)) throw error;
  }
}

function invalid(why: string): OperationFailure {
  return new OperationFailure("invalid-argument", why, true);
}
