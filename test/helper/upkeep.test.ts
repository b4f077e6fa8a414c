/**
 * @module What a state directory loses when nobody needs it any more.
 */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { foldersOf, layoutOf } from "../../host/components/layout.ts";
import type { Layout } from "../../host/components/layout.ts";
import { openLocks } from "../../host/helper/locks.ts";
import type { Digest } from "../../host/helper/protocol.ts";
import type { OpenOperation } from "../../host/helper/state.ts";
import { removeUnusedComponents } from "../../host/helper/unused-components.ts";
import { AUDIT_KEEP_ROWS, keepUpIfDue, startUpkeep } from "../../host/helper/upkeep.ts";
import type { KeptUp } from "../../host/helper/upkeep.ts";
import { attachmentOf, openTestLedger, temporaryStateDir } from "./ledger/support.ts";

const NOW = Date.UTC(2030, 0, 1);
const HOUR_MS = 3_600_000;
const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;

function prepare(now: () => number = () => NOW): KeptUp {
  const stateDir = temporaryStateDir();
  const layout = layoutOf(stateDir);
  for (const folder of foldersOf(layout)) mkdirSync(folder, { recursive: true });
  return { layout, ledger: openTestLedger(stateDir), locks: openLocks(stateDir), now, operations: new Map() };
}

/** Stores a component without a name, an hour before now. */
function store({ layout }: { readonly layout: Layout }, digest: Digest, ageMs = HOUR_MS): void {
  mkdirSync(layout.componentDir(digest));
  writeFileSync(layout.component(digest), "");
  writeFileSync(layout.grant(digest), "{}");
  utimesSync(layout.componentDir(digest), (NOW - ageMs) / 1000, (NOW - ageMs) / 1000);
}

const isStored = ({ layout }: KeptUp, digest: Digest): boolean =>
  existsSync(layout.component(digest)) && existsSync(layout.grant(digest));

test("removes a component that no type names and no attachment was made with, and its grant", () => {
  const state = prepare();
  const [unused, named, attached, fresh] = ["a", "b", "c", "d"].map(digestOf) as [Digest, Digest, Digest, Digest];
  for (const digest of [unused, named, attached]) store(state, digest);
  store(state, fresh, 1_000);
  writeFileSync(state.layout.type("bridge"), `${named}\n`);
  state.ledger.attachments.put(attachmentOf("c1", { scope: "tuning", digests: { tuning: attached } }), "op1");
  expect(removeUnusedComponents(state)).toEqual([unused]);
  expect([unused, named, attached, fresh].map((digest) => isStored(state, digest))).toEqual([false, true, true, true]);
  state.ledger.attachments.delete({ network: "pods", containerId: "c1", ifname: "eth0" });
  expect(removeUnusedComponents(state), "after the DEL").toEqual([attached]);
});

test("removes no component while an operation is under way, of whichever helper: it may be about to use it", () => {
  const state = prepare();
  store(state, digestOf("a"));
  const other = openLocks(state.layout.stateDir).gc("shared");
  expect(removeUnusedComponents(state)).toEqual([]);
  other?.release();
  expect(removeUnusedComponents(state)).toEqual([digestOf("a")]);
  expect(openLocks(state.layout.stateDir).gc("shared"), "the lock is free again").toBeDefined();
});

/** Writes rows to the log until there are that many. */
function fillLog({ ledger }: KeptUp, rows: number): void {
  const key = { network: "n", containerId: "c", ifname: "eth0" };
  ledger.transaction(() => {
    for (let row = 0; row < rows; row++) ledger.audit({ ...key, operationId: "op", event: "call", data: {} });
    ledger.flush();
  });
}

test("keeps the newest rows of the log, whose chain goes on", () => {
  const state = prepare();
  fillLog(state, AUDIT_KEEP_ROWS + 20);
  keepUpIfDue(state);
  const rows = [...state.ledger.exportJsonLines()];
  expect(rows).toHaveLength(AUDIT_KEEP_ROWS);
  expect(JSON.parse(rows[0] ?? "")).toMatchObject({ sequence: 21 });
  fillLog(state, 1);
  expect(JSON.parse([...state.ledger.exportJsonLines()].at(-1) ?? "")).toMatchObject({
    sequence: AUDIT_KEEP_ROWS + 21,
  });
});

test("is done once in a while, by one helper for all, and not in the middle of an operation", () => {
  let now = NOW;
  const state = prepare(() => now);
  store(state, digestOf("a"));
  state.operations.set("op1", {} as OpenOperation);
  keepUpIfDue(state);
  expect(isStored(state, digestOf("a"))).toBe(true);
  state.operations.clear();
  keepUpIfDue(state);
  expect(isStored(state, digestOf("a"))).toBe(false);
  expect(statSync(state.layout.upkeep).mtimeMs).toBe(NOW);
  store(state, digestOf("b"));
  now += HOUR_MS / 2;
  keepUpIfDue({ ...state, locks: openLocks(state.layout.stateDir) });
  expect(isStored(state, digestOf("b"))).toBe(true);
  now += HOUR_MS;
  keepUpIfDue(state);
  expect(isStored(state, digestOf("b"))).toBe(false);
});

test("is done at the latest when the helper ends", () => {
  const state = prepare();
  store(state, digestOf("a"));
  startUpkeep(state).end();
  expect(isStored(state, digestOf("a"))).toBe(false);
});

test("fails nobody", () => {
  const state = prepare();
  state.ledger.close();
  keepUpIfDue(state);
  expect(readdirSync(state.layout.componentsDir)).toEqual([]);
});
