/**
 * @module GC in the helper: which attachments of a network are stale, and the removal of whatever they still have, whoever made it.
 *
 * Only inside a GC, which has the network to itself. What belongs to another namespace of the node, which shares the state directory, is
 * not this GC's business.
 */
import { CniError } from "../../spec/error.ts";
import { recover } from "../ledger/recovery.ts";
import type { AttachmentKey, StaleAttachment, SweepNetwork, SweptNetwork } from "../protocol.ts";
import type { HelperState, OpenOperation } from "../state.ts";
import { undoRemains } from "../undo/remains.ts";
import { everythingOf, sweep } from "../undo/sweep.ts";
import type { SweepOutcome } from "../undo/sweep.ts";

/**
 * Lists the attachments on record that are not valid, in every scope; those of one container stand together, the last made first.
 * @throws {CniError} helperFailed when no such GC is open.
 */
export function listStale(state: HelperState, asked: SweepNetwork): { readonly stale: readonly StaleAttachment[] } {
  const { network } = gcOf(state, asked.operationId).key;
  const isStale = staleness(state, network, asked);
  const records = state.ledger.attachments.list({ network }).filter(isStale);
  const byContainer = Map.groupBy(records, ({ containerId }) => containerId);
  const newestFirst = [...byContainer.values()].flatMap((own) =>
    own.toReversed().toSorted((left, right) => right.createdAtMs - left.createdAtMs),
  );
  return { stale: newestFirst.map(({ containerId, ifname, scope }) => ({ containerId, ifname, scope })) };
}

/**
 * Removes whatever the ledger has of attachments of the network that are not valid, and the remains of verbs whose helper died. Leases go,
 * too. Goes on after a failure. The records of attachments stay: a DEL that failed is repeated with what ADD was given.
 * @throws {CniError} helperFailed when no such GC is open.
 */
export async function sweepNetwork(state: HelperState, asked: SweepNetwork): Promise<SweptNetwork> {
  const operation = gcOf(state, asked.operationId);
  const { network } = operation.key;
  await recover(state.ledger, state.locks, (remains) => undoRemains(state, remains));
  const stale = ownersIn(state, network).filter(staleness(state, network, asked));
  // All at once: links that go at the same time share one grace period of the kernel.
  const sweeping = stale.map((key) => sweep(state, { ...everythingOf(state, key, operation.id), deleting: [] }));
  const outcomes = await Promise.all(sweeping);
  outcomes.push(await sweepRemains(state, operation));
  const failures = [...new Set(outcomes.flatMap((outcome) => outcome.failures))];
  state.ledger.transaction(() => {
    for (const { containerId, ifname } of stale)
      state.ledger.leases.release({ network, containerId, ifname, isExact: true });
    const removed = stale.map(({ containerId, ifname }) => `${containerId}/${ifname}`);
    state.ledger.audit({ ...operation.key, operationId: operation.id, event: "gc", data: { removed, failures } });
    state.ledger.flush();
  });
  return { failures };
}

function gcOf(state: HelperState, operationId: string): OpenOperation {
  const operation = state.operations.get(operationId);
  if (operation?.begun.verb === "GC") return operation;
  throw new CniError("helperFailed", `no GC ${JSON.stringify(operationId)} is open`);
}

/** Judges attachments: stale is what is not valid, and not another namespace's. */
function staleness(
  { ledger, node }: HelperState,
  network: string,
  { valid }: Pick<SweepNetwork, "valid">,
): (key: Pick<AttachmentKey, "containerId" | "ifname">) => boolean {
  // A lease that was taken over may not know its link: it is valid as long as its container is.
  const kept = new Set(valid.flatMap((key) => [textOf(key), textOf({ containerId: key.containerId, ifname: "" })]));
  const [own, others] = [new Set<string>(), new Set<string>()];
  for (const row of ledger.owned({ network })) (row.nodeNetnsCookie === node.cookie ? own : others).add(textOf(row));
  return (key) => !kept.has(textOf(key)) && (own.has(textOf(key)) || !others.has(textOf(key)));
}

/** Everybody who has something in the network: changes, a part in what is shared, addresses. */
function ownersIn({ ledger, node }: HelperState, network: string): readonly AttachmentKey[] {
  const { cookie } = node;
  const shared = ledger.shared.usedBy(network, { nodeNetnsCookie: cookie });
  const all: AttachmentKey[] = [
    ...ledger.owned({ network, nodeNetnsCookie: cookie }),
    ...shared.flatMap(({ id }) => ledger.shared.users(id)).filter((user) => user.network === network),
    ...ledger.leases.list({ network }),
  ];
  const byText = new Map(
    all.map(({ containerId, ifname }) => [textOf({ containerId, ifname }), { containerId, ifname }]),
  );
  return [...byText.values()].map((key) => ({ network, ...key }));
}

/** Deletes what nobody uses any more and an earlier deletion left. */
function sweepRemains(state: HelperState, { id, key }: OpenOperation): Promise<SweepOutcome> {
  const rows = state.ledger.shared.list({ network: key.network, nodeNetnsCookie: state.node.cookie });
  const deleting = rows.filter((row) => row.state === "deleting" && state.ledger.shared.users(row.id).length === 0);
  return sweep(state, { user: key, operationId: id, owned: [], joined: [], deleting });
}

/** NUL is in no name. */
function textOf({ containerId, ifname }: Pick<AttachmentKey, "containerId" | "ifname">): string {
  return `${containerId}\0${ifname}`;
}
