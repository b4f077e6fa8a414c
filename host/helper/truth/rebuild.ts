/**
 * @module Making a ledger anew: from what could be read of the damaged one, from a copy, and from the tags that objects of the node carry, joined
 * with what is known of attachments elsewhere. A tag says whose something is only to whoever guesses the owner: candidates are the
 * attachments of libcni's cache with every plugin that was ever granted. A tag read inside a container is never looked at.
 */
import { CniError } from "../../spec/error.ts";
import type { IpAddress } from "../../spec/ip.ts";
import { kindOf, sharedKindOf } from "../kinds/index.ts";
import { tagIn } from "../kinds/kind.ts";
import type { Owner } from "../ledger/records.ts";
import { readGrant, readType } from "../plugins.ts";
import type { Digest } from "../protocol.ts";
import { NO_PLUGIN } from "../state.ts";
import type { HelperState } from "../state.ts";
import type { KnownAttachment, RebuildLedger, RebuiltLedger } from "../truth-protocol.ts";
import { attribute, cookieAt } from "./attribute.ts";
import { addressesIn, typesIn, versionIn } from "./known.ts";
import { possibleOwners } from "./owners.ts";
import { claimOf, claimsOf } from "./objects.ts";
import type { TaggedObject } from "./objects.ts";
import { taggedObjects } from "./tagged.ts";

/** What the log and the rows call the operation that made them. */
const OPERATION_ID = "rebuilt";

/**
 * Adds to the ledger what the node says.
 * @throws {CniError} helperFailed unless the helper was started for it.
 */
export async function rebuildLedger(state: HelperState, { known }: RebuildLedger): Promise<RebuiltLedger> {
  const { rebuilding, ledger } = state;
  if (rebuilding === undefined)
    throw new CniError("helperFailed", "the helper was not started to make the ledger anew");
  const owners = possibleOwners(state, known);
  const objects = await taggedObjects(state, known);
  const told = toldBy(state);
  const untold = objects
    .filter((object) => !told.has(claimOf(object)))
    .toSorted((left, right) => rankOf(left) - rankOf(right));
  return ledger.transaction(() => {
    const attributed: string[] = [];
    const unknown: TaggedObject[] = [];
    const found = new Set<KnownAttachment>();
    // Links first: what attachments share is counted by those that have one.
    for (const object of untold) {
      const candidate = object.tag === undefined ? undefined : owners.get(object.tag);
      const isRow = candidate !== undefined && attribute(state, object, { ...candidate, operationId: OPERATION_ID });
      if (isRow) found.add(candidate.attachment);
      if (isRow) attributed.push(object.description);
      else unknown.push(object);
    }
    // What rows share is accounted for by those that were made.
    const toldNow = toldBy(state);
    const unattributed = unknown
      .filter((object) => !toldNow.has(claimOf(object)))
      .map(({ description }) => description);
    for (const attachment of found) putRecords(state, attachment);
    const { setAside, restored, leftOut } = rebuilding;
    const data = { restored, leftOut, attributed, unattributed };
    const nobody = { network: "", containerId: "", ifname: "" };
    ledger.audit({ ...nobody, operationId: OPERATION_ID, event: "rebuilt", data });
    ledger.flush();
    return { setAside, restored, leftOut, attributed, unattributed, attachments: found.size };
  });
}

/** Rows are undone last first: a port before the address that it leads to, everything before the link. */
function rankOf({ id, description }: TaggedObject): number {
  if (id.startsWith("link ") && !description.startsWith("ifb ")) return 0;
  return id.startsWith("element published_") ? 1 : 2;
}

/** What rows account for. */
function toldBy({ ledger, node }: HelperState): ReadonlySet<string> {
  const owned = ledger.owned({ nodeNetnsCookie: node.cookie });
  const shared = ledger.shared.list({ nodeNetnsCookie: node.cookie });
  return new Set([
    ...owned.flatMap((row) => claimsOf(row.tag, kindOf(row).objects(row))),
    ...shared.flatMap((row) => claimsOf(tagIn(row), sharedKindOf(row).objects(row))),
  ]);
}

/** Puts on record that the attachment is there, which namespace it holds, and its addresses. */
function putRecords(state: HelperState, attachment: KnownAttachment): void {
  const { ledger, node, now } = state;
  const { network, containerId, ifname, netns, configuration, args, runtimeConfig, result } = attachment;
  const key = { network, containerId, ifname };
  const types = typesIn(configuration);
  const digests = Object.fromEntries(
    types.flatMap((type) => {
      const digest = readType(state.layout, type);
      return digest === undefined ? [] : [[type, digest]];
    }),
  );
  if (ledger.attachments.get(key, "") === undefined) {
    const given = { netns, cniVersion: versionIn(result), configuration, args, runtimeConfig, digests };
    const record = { ...key, ...given, scope: "", legacy: [], result, createdAtMs: now() };
    ledger.attachments.put(record, OPERATION_ID);
  }
  const cookie = cookieAt(netns);
  const owner = { ...key, nodeNetnsCookie: node.cookie, digest: NO_PLUGIN };
  const isHeld = ledger.owned({ attachment: key, kind: "namespace" }).length > 0;
  if (cookie !== undefined && !isHeld) {
    const undo = { path: netns };
    const description = `namespace ${netns}`;
    const intent = { operationId: OPERATION_ID, callId: "", kind: "namespace", key: cookie, undo, description };
    ledger.intent(owner, { ...intent, isDone: true });
  }
  const giver = giverOf(state, Object.values(digests)) ?? NO_PLUGIN;
  for (const { address } of addressesIn(result)) putLease(state, { ...owner, digest: giver }, address);
}

/** In host-local's store, where the operator has one, the address may be this attachment's already. */
function putLease({ ledger }: HelperState, owner: Owner, address: IpAddress): void {
  const wanted = { operationId: OPERATION_ID, setIndex: 0, address };
  if (ledger.leases.reserve(owner, wanted) === "reserved") return;
  const { network, containerId, ifname } = owner;
  const holder = ledger.leases.ownerOf(network, address);
  if (holder?.containerId !== containerId || (holder.ifname !== "" && holder.ifname !== ifname)) return;
  const leases = [{ address, containerId, ifname, setIndex: 0 }];
  ledger.leases.takeOver({ operationId: OPERATION_ID, network, leases, cursors: [] });
}

/** The plugin that gives addresses. */
function giverOf({ layout }: HelperState, digests: readonly Digest[]): Digest | undefined {
  return digests.find((digest) => readGrant(layout, digest)?.exports.includes("addresses") === true);
}
