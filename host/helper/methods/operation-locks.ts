/**
 * @module The locks of an operation: its own, its container's, and the one between GC and the verbs of containers.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CniError } from "../../spec/error.ts";
import type { Hold } from "../gc-lock.ts";
import type { OperationRecord } from "../ledger/records.ts";
import type { BeginOperation } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { ProtocolViolation } from "../violation.ts";

/** How long a GC waits for the verbs of containers, and they for it, in ms. */
const GC_WAIT_MS = 5_000;
/**
 * How long a verb waits for another one of its container, in ms. containerd adds a pod's networks all at once and gives up the pod when
 * one of them fails; this is longer than a plugin may take, and shorter than the kubelet waits.
 */
const CONTAINER_WAIT_MS = 30_000;
const POLL_MS = 5;

/** Locks that are held, and whose others cover an operation. */
export interface TakenLocks {
  readonly locks: readonly Hold[];
  /** The operation that it is a part of; `undefined`: none. */
  readonly outer: OperationRecord | undefined;
}

/**
 * Takes what an operation needs. One that is a part of another has the locks of that.
 * @throws {ProtocolViolation} when the operation's id is in use.
 * @throws {CniError} tryAgainLater when a lock is held, or `within` is not such an operation.
 */
export async function takeLocks(state: HelperState, begun: BeginOperation): Promise<TakenLocks> {
  const { operationId, containerId, within } = begun;
  if (within !== undefined) {
    const outer = outerOf(state, begun, within);
    return { locks: [takeOwn(state, operationId)], outer };
  }
  const held: Hold[] = [];
  try {
    // The container's first: whoever waits for that keeps no GC waiting.
    if (containerId !== "") held.push(await takeContainer(state, containerId));
    const kind = gcKindOf(begun);
    // Waited for only where it is held: nothing else comes in between otherwise.
    if (kind !== undefined) held.push(state.locks.gc(kind) ?? (await waitForGc(state, kind)));
    held.push(takeOwn(state, operationId));
    return { locks: held.toReversed(), outer: undefined };
  } catch (error) {
    for (const lock of held) lock.release();
    throw error;
  }
}

function gcKindOf({ verb }: BeginOperation): "shared" | "exclusive" | undefined {
  if (verb === "STATUS") return undefined;
  return verb === "GC" ? "exclusive" : "shared";
}

async function waitForGc({ locks }: HelperState, kind: "shared" | "exclusive"): Promise<Hold> {
  const lock = await waitFor(() => locks.gc(kind), GC_WAIT_MS);
  if (lock !== undefined) return lock;
  throw new CniError(
    "tryAgainLater",
    kind === "shared" ? "a GC is under way" : "operations for containers are under way: GC runs alone",
    { details: `waited for ${GC_WAIT_MS} ms` },
  );
}

async function takeContainer({ locks }: HelperState, containerId: string): Promise<Hold> {
  const take = (): Hold | undefined => locks.container(containerId);
  const lock = take() ?? (await waitFor(take, CONTAINER_WAIT_MS));
  if (lock !== undefined) return lock;
  throw new CniError("tryAgainLater", `another operation for container ${JSON.stringify(containerId)} is under way`, {
    details: `waited for ${CONTAINER_WAIT_MS} ms`,
  });
}

/** Tries again and again; `undefined`: in vain. */
async function waitFor(take: () => Hold | undefined, waitMs: number): Promise<Hold | undefined> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    await sleep(POLL_MS);
    const lock = take();
    if (lock !== undefined) return lock;
  }
  return undefined;
}

function takeOwn({ locks }: HelperState, id: string): Hold {
  const lock = locks.operation(id);
  if (lock !== undefined) return lock;
  // Another operation has it, or had it and is not recovered: a UUID is no other's by chance.
  throw new ProtocolViolation("begin-operation with an id that was used");
}

/** Does not trust: the id came with an environment. */
function outerOf(state: HelperState, begun: BeginOperation, within: string): OperationRecord {
  const outer = state.ledger.readOperation(within);
  const isAlive = state.operations.has(within) || (outer !== undefined && state.locks.isAlive(within));
  const isThere = outer !== undefined && isAlive && outer.nodeNetnsCookie === state.node.cookie;
  const details = isThere ? refusalOf(begun, outer) : "no such operation is under way on this node";
  if (isThere && details === undefined) return outer;
  const message = `the operation cannot be part of ${JSON.stringify(within)}`;
  throw new CniError("tryAgainLater", message, details === undefined ? {} : { details });
}

/** Gives why an operation is not a part of one that is alive; `undefined`: it may be. */
function refusalOf({ verb, network, containerId }: BeginOperation, outer: OperationRecord): string | undefined {
  if (outer.verb === "GC") {
    if ((verb === "DEL" || verb === "GC") && outer.network === network) return undefined;
    return `it is a GC of network ${JSON.stringify(outer.network)}: only a DEL or a GC of that is part of it`;
  }
  if (outer.containerId !== "" && outer.containerId === containerId) return undefined;
  return "it is about another container";
}
