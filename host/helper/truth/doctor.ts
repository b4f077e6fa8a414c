/**
 * @module `doctor`: compares the whole ledger with the kernel, in both directions.
 *
 * What belongs to an operation that is alive is never judged: it may be about to be made, or to go. What the kernel has is looked at before the
 * rows are read: whoever makes something has written its row by then. Without repair no lock is held, so what differs is looked at twice.
 */
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Hold } from "../gc-lock.ts";
import { kindOf, sharedKindOf } from "../kinds/index.ts";
import { tagIn } from "../kinds/kind.ts";
import { recover } from "../ledger/recovery.ts";
import type { OperationRecord } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import type { Difference, Examination, Examine, LivingOperation } from "../truth-protocol.ts";
import { undoRemains } from "../undo/remains.ts";
import { comparableOwned, comparableShared, compareAll, repairAll } from "./compare.ts";
import { examineDirectory } from "./directory.ts";
import { lostNamespaces, strayLeases } from "./records.ts";
import type { Remedy } from "./records.ts";
import { claimOf, claimsOf } from "./objects.ts";
import type { TaggedObject } from "./objects.ts";
import { taggedObjects } from "./tagged.ts";

/** How long operations that are under way are waited for before something is repaired, in ms. */
const LOCK_WAIT_MS = 5_000;
const LOCK_POLL_MS = 10;
/** Pause before what differs is looked at again, in ms. */
const SECOND_LOOK_MS = 200;
/** Rows that are compared before others get their turn. */
const ROWS_AT_ONCE = 100;

/** Examines, and with `repair` puts back what can be. */
export async function examine(state: HelperState, asked: Examine): Promise<Examination> {
  const files = [...examineFile(state), ...examineDirectory(state.layout, asked.repair)];
  // A database that is damaged is not to be believed.
  if (files.some(({ what }) => what === "database")) return { differences: files, alive: [] };
  const lock = asked.repair ? await takeAlone(state) : undefined;
  try {
    const found = await look(state, asked, lock !== undefined);
    if (lock !== undefined || found.length === 0)
      return { differences: [...files, ...found], alive: describeAlive(state) };
    await sleep(SECOND_LOOK_MS);
    const again = new Map((await look(state, asked, false)).map((each) => [textOf(each), each]));
    const both = found.flatMap((each) => again.get(textOf(each)) ?? []);
    const left = asked.repair ? both.map((each): Difference => ({ ...each, ...UNDER_WAY })) : both;
    return { differences: [...files, ...left], alive: describeAlive(state) };
  } finally {
    lock?.release();
  }
}

const UNDER_WAY = { repair: "left", why: "operations are under way: try again when they ended" } as const;

function examineFile({ ledger }: HelperState): readonly Difference[] {
  return ledger.examine().map(({ what, found }) => ({
    what,
    attachment: undefined,
    object: what === "database" ? "the ledger's database" : "the log's chain of hashes",
    wanted: "to be as it was written",
    found,
    advice:
      what === "database"
        ? "cnidaria ledger rebuild sets it aside and makes a new one of what the node says"
        : "somebody changed the log: keep a copy, cnidaria ledger export writes one",
    repair: undefined,
  }));
}

/** The lock that keeps verbs of containers out; `undefined`: some do not end. */
async function takeAlone({ locks }: HelperState): Promise<Hold | undefined> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const lock = locks.gc("exclusive");
    if (lock !== undefined || performance.now() > deadline) return lock;
    await sleep(LOCK_POLL_MS);
  }
}

/** Operations of this node's namespace that are under way. */
function aliveIn({ ledger, locks, operations }: HelperState): readonly OperationRecord[] {
  return ledger.unfinishedOperations().filter(({ id }) => operations.has(id) || locks.isAlive(id));
}

function describeAlive(state: HelperState): readonly LivingOperation[] {
  return aliveIn(state).map(({ id, verb, network, containerId, ifname, helperPid, startedAtMs }) => {
    return { id, verb, network, containerId, ifname, helperPid, startedAtMs };
  });
}

async function look(state: HelperState, asked: Examine, isAlone: boolean): Promise<readonly Difference[]> {
  const { ledger, node } = state;
  const isRepairing = asked.repair && isAlone;
  const objects = await taggedObjects(state);
  const alive = aliveIn(state);
  const dead = await examineDead(state, alive, isRepairing);
  const busy = new Set(alive.map(({ containerId }) => containerId));
  const owned = ledger.owned({ nodeNetnsCookie: node.cookie });
  const shared = ledger.shared.list({ nodeNetnsCookie: node.cookie });
  const idle = owned.filter(({ containerId }) => !busy.has(containerId));
  const lost = lostNamespaces(state, idle);
  const gone = new Set(lost.map(({ containerId }) => containerId));
  const there = idle.filter(({ kind, containerId }) => kind !== "namespace" && !gone.has(containerId));
  const rows = [...comparableShared(state, shared), ...comparableOwned(state, there)];
  const differences: Difference[] = [...dead];
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    const some = rows.slice(start, start + ROWS_AT_ONCE);
    differences.push(...(isRepairing ? repairAll(some) : compareAll(some)));
    await setImmediate();
  }
  const claimed = new Set([
    ...owned.flatMap((row) => claimsOf(row.tag, kindOf(row).objects(row))),
    ...shared.flatMap((row) => claimsOf(tagIn(row), sharedKindOf(row).objects(row))),
  ]);
  const isUntold = (object: TaggedObject): boolean => !claimed.has(claimOf(object));
  const untold = objects.filter(isUntold);
  const records = [...lost, ...strayLeases(state, owned).filter(({ containerId }) => !busy.has(containerId))];
  differences.push(...(await applyAll([...records, ...untold.map(untoldRemedy)], asked, isRepairing)));
  // What they were in may be empty now.
  if (isRepairing && asked.removeUntold && untold.length > 0)
    for (const object of (await taggedObjects(state)).filter(isUntold)) await object.remove();
  return differences;
}

/** Operations whose helper died and that nobody has recovered. */
async function examineDead(
  state: HelperState,
  alive: readonly OperationRecord[],
  isRepairing: boolean,
): Promise<readonly Difference[]> {
  const dead = state.ledger.unfinishedOperations().filter(({ id }) => !alive.some((each) => each.id === id));
  if (dead.length === 0) return [];
  const recovered = isRepairing
    ? await recover(state.ledger, state.locks, (remains) => undoRemains(state, remains))
    : [];
  return dead.map(({ id, verb, network, containerId, ifname, helperPid }): Difference => {
    const failures = recovered.find(({ operation }) => operation.id === id)?.failures;
    const isDone = failures !== undefined && failures.length === 0;
    return {
      what: "operation",
      attachment: { network, containerId, ifname },
      object: `operation ${id}`,
      wanted: `the end of the ${verb}`,
      found: `its helper, process ${helperPid}, is dead`,
      advice: "the next operation of the container undoes it, and so does cnidaria doctor --repair",
      repair: !isRepairing ? undefined : isDone ? "repaired" : "failed",
      why: failures === undefined || isDone ? undefined : failures.join("; "),
    };
  });
}

/** Something that no row accounts for. It may be another state directory's, so it goes only where that was asked for by name. */
function untoldRemedy({ tag, description, remove }: TaggedObject): Remedy {
  return {
    difference: {
      what: "untold",
      attachment: undefined,
      object: description,
      wanted: "a row of the ledger that accounts for it",
      found: tag === undefined ? "none" : `none, for its tag ${tag}`,
      advice:
        "cnidaria ledger rebuild, if the ledger was lost; cnidaria doctor --repair --remove-untold, if no other state directory on this node has made it",
      repair: undefined,
    },
    containerId: "",
    apply: async () => {
      await remove();
      return undefined;
    },
  };
}

async function applyAll(
  remedies: readonly Remedy[],
  asked: Examine,
  isRepairing: boolean,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const { difference, apply } of remedies) {
    if (!isRepairing) differences.push(difference);
    else if (difference.what === "untold" && !asked.removeUntold) differences.push({ ...difference, repair: "left" });
    else differences.push(await applied(difference, apply));
  }
  return differences;
}

async function applied(difference: Difference, apply: Remedy["apply"]): Promise<Difference> {
  try {
    const why = await apply();
    return why === undefined ? { ...difference, repair: "repaired" } : { ...difference, repair: "left", why };
  } catch (error) {
    return { ...difference, repair: "failed", why: error instanceof Error ? error.message : String(error) };
  }
}

function textOf({ what, object, wanted }: Difference): string {
  return JSON.stringify([what, object, wanted]);
}
