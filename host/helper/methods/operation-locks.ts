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
const GC_POLL_MS = 5;

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
    const kind = gcKindOf(begun);
    // Waited for only where it is held: nothing else comes in between otherwise.
    if (kind !== undefined) held.push(state.locks.gc(kind) ?? (await waitForGc(state, kind)));
    if (containerId !== "") held.push(takeContainer(state, containerId));
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
  const deadline = performance.now() + GC_WAIT_MS;
  while (performance.now() < deadline) {
    await sleep(GC_POLL_MS);
    const lock = locks.gc(kind);
    if (lock !== undefined) return lock;
  }
  throw new CniError(
    "tryAgainLater",
    kind === "shared" ? "a GC is under way" : "operations for containers are under way: GC runs alone",
    { details: `waited for ${GC_WAIT_MS} ms` },
  );
}

function takeContainer({ locks }: HelperState, containerId: string): Hold {
  const lock = locks.container(containerId);
  if (lock !== undefined) return lock;
  throw new CniError("tryAgainLater", `another operation for container ${JSON.stringify(containerId)} is under way`);
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
    if (verb === "DEL" && outer.network === network) return undefined;
    return `it is a GC of network ${JSON.stringify(outer.network)}: only a DEL of that is part of it`;
  }
  if (outer.containerId !== "" && outer.containerId === containerId) return undefined;
  return "it is about another container";
}
