/**
 * @module Published ports by iptables: one run for each family, in the place of what the attachment had.
 */
import { isInDoubt } from "../../kernel/iptables/iptables.ts";
import type { IptablesVariant } from "../../kernel/iptables/programs.ts";
import type { SourceTranslation } from "../../kernel/host-ports.ts";
import type { PortConditions } from "../../kernel/port-conditions.ts";
import { formatIpPrefix, type IpFamily, type IpPrefix } from "../../spec/ip.ts";
import { thingOf } from "../iptables-things.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { flowsTo, forgetFlowsSoon } from "../port-flows.ts";
import { HOST_PORT, isByIptables, PORT_KINDS, PORT_LINK, readPortRow, type PublishedPort } from "../published-ports.ts";
import { undoOwned } from "../undo/owned.ts";
import { removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { heldByIptables, makeThings, removeIptablesRows } from "./iptables-rows.ts";
import type { OperationContext } from "./operation.ts";
import { claim } from "./port-claims.ts";
import { conditionsOf } from "./port-conditions.ts";
import { linksTo, translateOnLink } from "./port-links.ts";

/** How ports are published. */
interface IptablesPublication {
  readonly variant: IptablesVariant;
  readonly sourceTranslation: SourceTranslation;
  readonly conditionsV4?: PortConditions | undefined;
  readonly conditionsV6?: PortConditions | undefined;
}

/** What this plugin has for the attachment, in the order in which it is to be undone from the end. */
export function rowsOf(context: OperationContext): OwnedRow[] {
  return PORT_KINDS.flatMap((kind) => rowsOfPlugin(context, kind));
}

/** Gives each prefix once. */
export function distinct(prefixes: readonly IpPrefix[]): IpPrefix[] {
  return [...new Map(prefixes.map((prefix) => [formatIpPrefix(prefix), prefix])).values()];
}

/**
 * Publishes ports, in place of those that the attachment had.
 * @throws {OperationFailure} conflict for a port that is taken, invalid-argument for a condition that is none, busy.
 * @throws {KernelError} what iptables refuses.
 */
export async function publishByIptables(
  context: OperationContext,
  ports: readonly PublishedPort[],
  publication: IptablesPublication,
): Promise<void> {
  const { variant, sourceTranslation } = publication;
  const before = rowsOf(context);
  const conditions = conditionsOf(context, ports, publication);
  const addresses = distinct(ports.map(({ containerAddress }) => containerAddress));
  const byIptables = { variant, conditions: (family: IpFamily) => conditions.get(family)?.chain.conditions };
  const rows = await claim(context, { addresses, sourceTranslation, chains: [], ports, byIptables });
  const replaced = before.filter((row) => row.undo["variant"] === variant);
  try {
    for (const family of ["ipv4", "ipv6"] as const)
      await makeThings(context, { variant, family }, thingsOf(rows, family), endsOf(replaced, family));
  } catch (error) {
    if (!isInDoubt(error)) {
      // What was made of one family before the other one failed is undone by its rows, which are forgotten then.
      await removeIptablesRows(context, rows).catch(() => undefined);
    }
    throw error;
  }
  for (const { id } of rows) context.state.ledger.done(id);
  leadThere(context, addresses, publication);
  for (const { from } of ports) {
    const forgetting = forgetFlowsSoon(context.state.node, flowsTo(context.state.node, from));
    if (forgetting !== undefined) context.call.operation.forgettings.push(forgetting);
  }
  await leaveBehind(context, before, replaced);
}

/** Gives the ports among rows that iptables has, by its own word. */
export async function listInIptables(
  context: OperationContext,
  rows: readonly OwnedRow[],
): Promise<readonly unknown[]> {
  const held = await heldByIptables(context, rows);
  const addresses = new Set(held.filter(({ kind }) => kind !== HOST_PORT).map(({ undo }) => undo["address"]));
  return held.flatMap((row) => {
    if (row.kind !== HOST_PORT) return [];
    const { from, containerAddress, containerPort } = readPortRow(row);
    if (!addresses.has(formatIpPrefix(containerAddress))) return [];
    const { protocol, port: hostPort, address: hostAddress } = from;
    return [{ protocol, hostPort, hostAddress, containerAddress, containerPort }];
  });
}

function thingsOf(rows: readonly OwnedRow[], family: IpFamily): Parameters<typeof makeThings>[2] {
  return endsOf(rows, family).map((thing) => ({ thing, again: false }));
}

function endsOf(rows: readonly OwnedRow[], family: IpFamily): NonNullable<ReturnType<typeof thingOf>>[] {
  const things = rows.map(thingOf).filter((thing) => thing !== undefined);
  return things.filter(({ targets }) => targets.some((target) => target.family === family));
}

/** Lets packets from 127.0.0.1 leave by the links that lead to the containers. */
function leadThere(
  context: OperationContext,
  addresses: readonly IpPrefix[],
  { sourceTranslation, variant }: IptablesPublication,
): void {
  if (sourceTranslation === "none") return;
  for (const [name, link] of linksTo(context, addresses)) translateOnLink(context, name, { ...link, variant });
}

/** Forgets rows whose things others have taken the place of; undoes those that another packet filter, or another variant, has. */
async function leaveBehind(
  context: OperationContext,
  before: readonly OwnedRow[],
  replaced: readonly OwnedRow[],
): Promise<void> {
  const { state } = context;
  for (const row of replaced) {
    if (row.kind === PORT_LINK) undoOwned(state, row);
    state.ledger.forget(row.id);
  }
  const others = before.filter((row) => !replaced.includes(row));
  removeRows(context, others.filter((row) => !isByIptables(row) || row.kind === PORT_LINK).toReversed());
  await removeIptablesRows(
    context,
    others.filter((row) => isByIptables(row) && row.kind !== PORT_LINK),
  );
}
