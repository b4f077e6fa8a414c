/**
 * @module Published ports by iptables: one run for each family, in the place of what the attachment had.
 */
import { portRules } from "../../kernel/iptables/host-ports.ts";
import { isInDoubt, type IptablesTarget } from "../../kernel/iptables/iptables.ts";
import type { IptablesVariant } from "../../kernel/iptables/programs.ts";
import type { SourceTranslation } from "../../kernel/host-ports.ts";
import type { PortConditions } from "../../kernel/port-conditions.ts";
import { formatIpPrefix, type IpFamily, type IpPrefix } from "../../spec/ip.ts";
import { objectsOfThing, thingOf } from "../iptables-things.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { HOST_PORT, isByIptables, PORT_LINK, readPortRow, type PublishedPort } from "../published-ports.ts";
import { undoOwned } from "../undo/owned.ts";
import { removeRows } from "./filter-rows.ts";
import { heldByIptables, makeThings, removeIptablesRows } from "./iptables-rows.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";
import { claim } from "./port-claims.ts";
import { conditionsOf } from "./port-conditions.ts";
import { linksTo, translateOnLink } from "./port-links.ts";
import { addressesOf, forgetFlowsTo, recordOf, rowsOfPorts } from "./port-rows.ts";

/** Most rules of one publication: iptables is locked while they are written. */
const RULES_MAX = 2048;
const FAMILIES: readonly IpFamily[] = ["ipv4", "ipv6"];

/** How ports are published. */
interface IptablesPublication {
  readonly variant: IptablesVariant;
  readonly sourceTranslation: SourceTranslation;
  readonly conditionsV4?: PortConditions | undefined;
  readonly conditionsV6?: PortConditions | undefined;
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
  const before = rowsOfPorts(context);
  const conditions = conditionsOf(context, ports, publication);
  refuseTooMany(context.call.tag, ports, (family) => conditions.get(family)?.chain.conditions);
  const addresses = addressesOf(ports);
  const byIptables = { variant, conditions: (family: IpFamily) => conditions.get(family)?.chain.conditions };
  const rows = await claim(context, { addresses, sourceTranslation, chains: [], ports, byIptables });
  const replaced = before.filter((row) => row.undo["variant"] === variant);
  const begun: IptablesTarget[] = [];
  try {
    for (const family of FAMILIES) {
      begun.push({ variant, family });
      await makeThings(context, { variant, family }, thingsOf(rows, family), endsOf(replaced, family));
    }
  } catch (error) {
    if (!isInDoubt(error)) await takeBack(context, begun, { rows, replaced });
    throw error;
  }
  for (const { id } of rows) context.state.ledger.done(id);
  leadThere(context, addresses, publication);
  forgetFlowsTo(context, ports);
  await leaveBehind(context, before, replaced);
}

/**
 * Refuses what would keep iptables busy for everybody on the node. Each port has rules of its own: conditions are counted for each.
 * @throws {OperationFailure} invalid-argument.
 */
function refuseTooMany(
  tag: string,
  ports: readonly PublishedPort[],
  conditions: (family: IpFamily) => PortConditions | undefined,
): void {
  const counts = FAMILIES.map((family) => {
    const own = ports.filter(({ from }) => from.family === family);
    const [first] = own;
    if (first === undefined) return 0;
    const to = { address: first.containerAddress.address, port: first.containerPort };
    return own.length * portRules({ tag, from: first.from, to, conditions: conditions(family) }).rules().rules.length;
  });
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (count <= RULES_MAX) return;
  const why = `${ports.length} ports with these conditions are ${count} rules of iptables, the limit is ${RULES_MAX}; publish fewer ports, ask for fewer conditions, or use nftables`;
  throw new OperationFailure("invalid-argument", why, true);
}

/** Puts back what was published before, in the place of what was to be, as far as that was made. */
async function takeBack(
  context: OperationContext,
  begun: readonly IptablesTarget[],
  { rows, replaced }: { readonly rows: readonly OwnedRow[]; readonly replaced: readonly OwnedRow[] },
): Promise<void> {
  // What names nothing that was there before is undone by its row, which is forgotten then.
  const kept = new Set(replaced.flatMap(objectsOf));
  const [shared, own] = [true, false].map((want) =>
    rows.filter((row) => objectsOf(row).some((object) => kept.has(object)) === want),
  );
  await removeIptablesRows(context, own ?? []).catch(() => undefined);
  for (const target of begun) {
    const old = endsOf(replaced, target.family).map((thing) => ({ thing, again: true }));
    // Where iptables refuses this as well, it refused the change: nothing of the family is another one.
    if (old.length > 0)
      await makeThings(context, target, old, endsOf(shared ?? [], target.family)).catch(() => undefined);
  }
  // A row that names what the old publication is made of must not undo it.
  for (const { id } of shared ?? []) context.state.ledger.forget(id);
}

function objectsOf(row: OwnedRow): readonly string[] {
  const thing = thingOf(row);
  return thing === undefined ? [] : objectsOfThing(thing);
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
    const port = readPortRow(row);
    return addresses.has(formatIpPrefix(port.containerAddress)) ? [recordOf(port)] : [];
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
