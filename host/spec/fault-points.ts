/**
 * @module Moments at which a test ends a process, has it fail or delays it. A program that is not a test's passes them by: nothing but
 * the call of {@link watchFaultPoints} in an entry file of the tests' own gives them a meaning, no variable and no message does.
 *
 * A name says which process passes the point, or that the ledger or the kernel is about to be changed; most are a pair around what they name.
 */

/** Records of the ledger. */
const LEDGER = [
  "operation",
  "close",
  "hand-over",
  "intent",
  "done",
  "forget",
  "share",
  "ready",
  "unshare",
  "removed",
  "lease",
  "release",
  "attachment",
  "attachment-delete",
  "flush",
  "reclaim",
] as const;

/** Pairs besides those of the ledger. The detail that a point is passed with stands behind each. */
const PAIRS = [
  // What is asked of the kernel by netlink, such as `RTM_NEWLINK veth`.
  "kernel.change",
  "kernel.change-slowly",
  "kernel.change-together",
  // "" or the kind of text.
  "kernel.nftables",
  // The program.
  "kernel.iptables",
  // The setting.
  "kernel.setting",
  // The helper's life.
  "helper.open-state",
  // The operation's verb.
  "helper.recover",
  // The method that the host asks for.
  "helper.method",
  // The operation that a plugin asks for.
  "helper.operation",
  // The kind of what is undone.
  "helper.undo",
  // Links are being deleted; the ledger still has them.
  "helper.link-deletion",
  "helper.start-sandbox",
  // The lock.
  "helper.lock",
  // The sandbox's life.
  "sandbox.load",
  "sandbox.instance",
  // The verb.
  "sandbox.guest",
  // The operation.
  "sandbox.ask",
  "sandbox.result",
  // The host's side.
  "host.start-helper",
  // The method.
  "host.request",
  // The plugin's type.
  "host.call",
] as const;

/** Points that stand alone. */
const SINGLE = ["helper.listening", "helper.answer", "helper.end", "sandbox.ready", "host.answer"] as const;

type Moment = "before" | "after";
/** A record of the ledger. */
export type LedgerRecord = (typeof LEDGER)[number];
/** What a pair of points is around. */
export type FaultPair = (typeof PAIRS)[number] | `ledger.${LedgerRecord}`;
/** A name of the list. */
export type FaultPoint = `${FaultPair}:${Moment}` | (typeof SINGLE)[number];

/** Told which point is passed, and about what. What it throws is thrown there. */
export type FaultWatcher = (point: FaultPoint, detail: string) => void;

let watcher: FaultWatcher | undefined;

/** Lists every point. */
export function faultPoints(): readonly FaultPoint[] {
  const pairs: readonly FaultPair[] = [...LEDGER.map((record) => `ledger.${record}` as const), ...PAIRS];
  return [...pairs.flatMap((pair) => [`${pair}:before`, `${pair}:after`] as const), ...SINGLE];
}

/** Has a function told of every point that this process passes; `undefined`: nobody. Only tests call it. */
export function watchFaultPoints(watch: FaultWatcher | undefined): void {
  watcher = watch;
}

/** Passes a point. */
export function passPoint(point: FaultPoint, detail = ""): void {
  watcher?.(point, detail);
}

/** Runs something between the points of a pair. Where it fails, the second one is not passed. */
export function withinPoints<T>(pair: FaultPair, detail: string, run: () => T): T {
  if (watcher === undefined) return run();
  watcher(`${pair}:before`, detail);
  const result = run();
  if (!(result instanceof Promise)) {
    watcher(`${pair}:after`, detail);
    return result;
  }
  return result.then((value: unknown) => {
    passPoint(`${pair}:after`, detail);
    return value;
  }) as T;
}
