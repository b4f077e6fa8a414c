/**
 * @module What the operations on iptables have in common: shared chains are counted, rows are written down, then one run for each family makes all of it.
 */
import { placeOfJump } from "../../kernel/iptables/forwarding.ts";
import { type Iptables, isInDoubt, type IptablesTarget } from "../../kernel/iptables/iptables.ts";
import { mergeTables, type Rule, type Step } from "../../kernel/iptables/rule-text.ts";
import type { IptablesVariant } from "../../kernel/iptables/programs.ts";
import { formatIpAddress, formatIpPrefix, type IpPrefix } from "../../spec/ip.ts";
import { partsThere, type IptablesPart } from "../iptables-parts.ts";
import {
  frameChanges,
  frameRules,
  frameThing,
  thingOf,
  type FrameName,
  type IptablesThing,
} from "../iptables-things.ts";
import type { Intent, OwnedRow, ShareOutcome } from "../ledger/records.ts";
import { removalOfRow, removeByIptables } from "../undo/iptables.ts";
import { rowsOfPlugin } from "./filter-rows.ts";
import { OperationFailure, refuseLeased } from "./operation.ts";
import type { OperationContext } from "./operation.ts";
import { giveBack, isOurs, shareLater } from "./shared-things.ts";

/** What is put into iptables for addresses of the attachment. */
export interface IptablesChange {
  /** Kind of its rows in the ledger, one for each address. */
  readonly kind: string;
  /** Such as `masquerade of`; the address follows. */
  readonly description: string;
  readonly addresses: readonly IpPrefix[];
  readonly variant: IptablesVariant;
}

/**
 * Writes a change down and makes it; nothing without an address.
 * @throws {OperationFailure} not-permitted for an address that is another attachment's, conflict for one that another has rules for, busy.
 * @throws {KernelError} what iptables refuses.
 */
export async function putByIptables(context: OperationContext, change: IptablesChange): Promise<void> {
  const { state, call } = context;
  const { kind, addresses, variant } = change;
  for (const { address } of addresses) {
    refuseLeased(context, address);
    refuseOthers(context, kind, formatIpAddress(address));
  }
  for (const family of ["ipv4", "ipv6"] as const) {
    const own = addresses.filter(({ address }) => address.tag === family);
    const had = rowsOfPlugin(context, kind);
    const rows = own.map((address) => {
      const intent = intentOf(change, address);
      const found = had.find(({ key, undo }) => key === intent.key && undo["variant"] === variant);
      const ids = { operationId: call.operation.id, callId: call.id };
      const id = found?.id ?? state.ledger.intent(call.owner, { ...ids, ...intent });
      return { id, again: found !== undefined, thing: thingOf({ ...intent, tag: call.tag }) };
    });
    const things = rows.flatMap(({ thing, again }) => (thing === undefined ? [] : [{ thing, again }]));
    try {
      await makeThings(context, { variant, family }, things);
    } catch (error) {
      const unmade = isInDoubt(error) ? [] : rows.filter(({ again }) => !again);
      unmade.forEach(({ id }) => state.ledger.forget(id));
      throw error;
    }
    for (const { id } of rows) state.ledger.done(id);
  }
}

/**
 * Makes things of one variant and family, in one run, with what they share, in the place of others. They are on record already.
 * @throws {OperationFailure} busy, when another operation makes or deletes what they share for too long.
 */
export async function makeThings(
  context: OperationContext,
  target: IptablesTarget,
  things: readonly { readonly thing: IptablesThing; readonly again: boolean }[],
  gone: readonly IptablesThing[] = [],
): Promise<void> {
  const { state, call } = context;
  const names = [...new Set(things.map(({ thing }) => thing.frame))];
  const frames: { readonly name: FrameName; readonly outcome: ShareOutcome }[] = [];
  const startedAt = performance.now();
  try {
    for (const name of names) frames.push({ name, outcome: await shareFrame(context, name, target) });
    const changes = [];
    for (const { name, outcome } of frames) {
      const isNew = outcome.state === "created";
      changes.push(
        ...frameChanges({ name, family: target.family }, { isNew, place: await placeOf(context, name, target, isNew) }),
      );
    }
    changes.push(...gone.map((thing) => thing.end()), ...things.map(({ thing, again }) => thing.make(again)));
    await state.node.iptables().change(target, mergeTables(changes));
  } catch (error) {
    // One that was joined may have been made for another attachment's sake: it is left, and goes with the last.
    const made = isInDoubt(error) ? [] : frames.filter(({ outcome }) => outcome.state === "created");
    for (const { outcome } of made) giveBack(context, outcome.row);
    throw error;
  } finally {
    call.asyncKernelMicroseconds += Math.round((performance.now() - startedAt) * 1000);
  }
  for (const { outcome } of frames) if (outcome.state === "created") state.ledger.shared.ready(outcome.row.id);
}

/** Gives those of rows whose rules are there, and the ways to them. */
export async function heldByIptables({ state }: OperationContext, rows: readonly OwnedRow[]): Promise<OwnedRow[]> {
  const parts = rows.flatMap((row) => {
    const thing = thingOf(row);
    return thing === undefined ? [] : thing.targets.map((target) => ({ row, thing, target, wanted: [thing.rules()] }));
  });
  const groups = Map.groupBy(parts, ({ target: { variant, family } }) => `${variant} ${family}`);
  const held: OwnedRow[] = [];
  for (const group of groups.values()) held.push(...(await heldOfTarget(state.node.iptables(), group)));
  return held;
}

/** Removes rows, as far as iptables made them. @throws {OperationFailure} unsupported, with what iptables refuses: those rows stay. */
export async function removeIptablesRows({ state }: OperationContext, rows: readonly OwnedRow[]): Promise<void> {
  const removals = rows.flatMap((row) => removalOfRow(state, row) ?? []);
  const [failure] = await removeByIptables(state, removals);
  if (failure !== undefined) throw new OperationFailure("unsupported", failure, true);
}

/** Counts the attachment in where others' things are made already: what they share stays as long as it. */
export async function joinFrames(context: OperationContext, { frame, targets }: IptablesThing): Promise<void> {
  for (const target of targets) {
    const { state, row } = await shareFrame(context, frame, target);
    if (state === "created") context.state.ledger.shared.ready(row.id);
  }
}

async function shareFrame(context: OperationContext, name: FrameName, target: IptablesTarget): Promise<ShareOutcome> {
  const { state, call } = context;
  const thing = frameThing({ name, ...target }, call.operation.id);
  const outcome = state.ledger.shared.share(call.owner, thing);
  if (isOurs(outcome)) return outcome;
  return shareLater(context, thing, { judge: () => undefined, busy: "busy" });
}

/** Only what is forwarded has a place of its own, and it is looked for once: when the way there is made. */
async function placeOf(
  { state }: OperationContext,
  name: FrameName,
  target: IptablesTarget,
  isNew: boolean,
): Promise<((jump: Rule) => Step) | undefined> {
  if (name !== "forward-rules" || !isNew) return undefined;
  return placeOfJump(await state.node.iptables().readBaseChain(target, "FORWARD"));
}

function refuseOthers({ state, call }: OperationContext, kind: string, key: string): void {
  const rows = state.ledger.owned({ kind, key, nodeNetnsCookie: state.node.cookie });
  const other = rows.find(({ tag }) => tag !== call.tag);
  if (other !== undefined)
    throw new OperationFailure(
      "conflict",
      `${key} is another attachment's: ${other.containerId} ${other.ifname}`,
      true,
    );
}

function intentOf(
  { kind, description, variant }: IptablesChange,
  address: IpPrefix,
): Pick<Intent, "kind" | "key" | "undo" | "description"> {
  const key = formatIpAddress(address.address);
  return {
    kind,
    key,
    undo: { variant, address: formatIpPrefix(address) },
    description: `${description} ${key} by ${variant}`,
  };
}

interface Part extends IptablesPart {
  readonly row: OwnedRow;
  readonly thing: IptablesThing;
  readonly target: IptablesTarget;
}

async function heldOfTarget(iptables: Iptables, parts: readonly Part[]): Promise<OwnedRow[]> {
  const [first] = parts;
  if (first === undefined) return [];
  const { target } = first;
  const names = [...new Set(parts.map(({ thing }) => thing.frame))];
  const ways = names.flatMap((name) => frameRules({ name, family: target.family }));
  return (await partsThere(iptables, target, { parts, ways })).map(({ row }) => row);
}
