/**
 * @module Records that are about nobody any more: leases without an attachment, attachments without their namespace.
 */
import { formatIpAddress } from "../../spec/ip.ts";
import { kindOf } from "../kinds/index.ts";
import type { Lease } from "../ledger/lease-records.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { isTakenOver } from "../ledger/taken-over.ts";
import type { AttachmentKey } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { everythingOf, sweep } from "../undo/sweep.ts";
import type { Difference } from "../truth-protocol.ts";

/** A difference that is ended by doing something once nobody is at the container. */
export interface Remedy {
  readonly difference: Difference;
  readonly containerId: string;
  /** Gives why it could not be done; `undefined`: done. */
  readonly apply: () => Promise<string | undefined>;
}

/** Finds leases whose attachment nobody knows. Those that were taken over are the business of whoever made the attachment. */
export function strayLeases(state: HelperState, owned: readonly OwnedRow[]): readonly Remedy[] {
  const known = new Set([...owned, ...state.ledger.attachments.list({})].map(textOf));
  const stray = state.ledger.leases.list({}).filter((lease) => !isTakenOver(lease) && !known.has(textOf(lease)));
  return stray.map((lease) => ({
    difference: differenceOf(lease, {
      what: "lease",
      object: `lease of ${formatIpAddress(lease.address)} in network ${lease.network}`,
      wanted: `an attachment ${lease.ifname} of container ${lease.containerId}`,
      found: "none is on record",
      advice: "cnidaria doctor --repair releases it",
    }),
    containerId: lease.containerId,
    apply: () => {
      const { network, containerId, ifname } = lease;
      state.ledger.leases.release({ network, containerId, ifname, isExact: true });
      return Promise.resolve(undefined);
    },
  }));
}

/** Finds attachments whose namespace is gone for certain: its path leads nowhere or elsewhere, and no pair is left that would keep it. */
export function lostNamespaces(state: HelperState, owned: readonly OwnedRow[]): readonly Remedy[] {
  const byAttachment = Map.groupBy(owned, textOf);
  return [...byAttachment.values()].flatMap((rows): Remedy[] => {
    const mark = rows.find(({ kind }) => kind === "namespace");
    const [drift] = mark === undefined ? [] : kindOf(mark).compare(state, mark);
    const isKept = rows.some((row) => row.kind === "veth" && kindOf(row).undo(state, row) !== undefined);
    if (mark === undefined || drift === undefined || isKept) return [];
    const { object, wanted, found } = drift;
    const advice = "cnidaria doctor --repair, or a DEL or GC by the runtime, removes what is left of the attachment";
    return [
      {
        difference: differenceOf(mark, { what: "namespace", object, wanted, found, advice }),
        containerId: mark.containerId,
        apply: () => removeAttachment(state, mark),
      },
    ];
  });
}

/**
 * Removes whatever an attachment has, as GC does. Gives why not; `undefined`: done. One that executables made stays on record: only they
 * can undo what they made.
 */
export async function removeAttachment(
  state: HelperState,
  { network, containerId, ifname }: AttachmentKey,
): Promise<string | undefined> {
  const key = { network, containerId, ifname };
  const legacy = state.ledger.attachments.scopesOf(key).flatMap((record) => record.legacy);
  if (legacy.length > 0) return `executables of ${legacy.join(", ")} took part: their DEL has to be called`;
  const { failures } = await sweep(state, everythingOf(state, key, ""));
  if (failures.length > 0) return failures.join("; ");
  state.ledger.transaction(() => {
    state.ledger.leases.release({ ...key, isExact: true });
    state.ledger.attachments.delete(key);
    state.ledger.audit({ ...key, operationId: "", event: "reclaimed", data: { why: "its namespace is gone" } });
    state.ledger.flush();
  });
  return undefined;
}

function differenceOf(
  { network, containerId, ifname }: AttachmentKey | Lease,
  said: Pick<Difference, "what" | "object" | "wanted" | "found" | "advice">,
): Difference {
  return { ...said, attachment: { network, containerId, ifname }, repair: undefined };
}

/** NUL is in no name. */
function textOf({ network, containerId, ifname }: AttachmentKey): string {
  return [network, containerId, ifname].join("\0");
}
