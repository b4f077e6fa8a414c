/**
 * @module The clock is set back: files of the future are not kept until it is there again, and order is never told by time.
 */
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { foldersOf, layoutOf } from "../../host/components/layout.ts";
import { ageMsOf } from "../../host/helper/age.ts";
import { AUDIT_START_HASH, hashAuditRow } from "../../host/helper/ledger/audit.ts";
import { openLocks } from "../../host/helper/locks.ts";
import type { AuditRow } from "../../host/helper/protocol.ts";
import { removeUnusedComponents } from "../../host/helper/unused-components.ts";
import { removeUnusedRuntimes } from "../../host/helper/unused-runtimes.ts";
import { formatIpAddress } from "../../host/spec/ip.ts";
import { intentOf, openTestLedger, operationOf, ownerOf, rangesOf, temporaryStateDir } from "./ledger/support.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const AHEAD_MS = Date.UTC(2099, 0, 1);
const ahead = (path: string): void => utimesSync(path, AHEAD_MS / 1000, AHEAD_MS / 1000);

test("what is of the future is as old as it is far away", () => {
  expect([ageMsOf(1_000, 4_000), ageMsOf(4_000, 1_000), ageMsOf(7, 7)]).toEqual([3_000, 3_000, 0]);
});

test("locks of dead holders go, and are taken, whatever time they are of; those of living ones stay", () => {
  const stateDir = temporaryStateDir();
  const locks = openLocks(stateDir);
  using alive = locks.container("alive");
  for (const path of ["locks/container-old", "locks/uid-7", "calls/op-1", "calls/op-2"])
    writeFileSync(join(stateDir, path), "");
  for (const path of ["locks/container-old", "locks/uid-7", "calls/op-1", "calls/op-2"]) ahead(join(stateDir, path));
  ahead(alive?.path ?? "");
  using operation = locks.operation("op-1");
  expect(operation).toBeDefined();
  expect([locks.isAlive("op-1"), locks.isAlive("op-2")]).toEqual([true, false]);
  expect(locks.removeAbandoned()).toBe(2);
  expect(readdirSync(join(stateDir, "locks"))).toEqual([alive?.path.split("/").at(-1)]);
  expect(locks.container("alive"), "whoever lives").toBeUndefined();
});

test("a component and a runtime folder that nothing uses go, though they are of the future", () => {
  const layout = layoutOf(temporaryStateDir());
  for (const folder of foldersOf(layout)) mkdirSync(folder, { recursive: true });
  const state = { layout, ledger: openTestLedger(layout.stateDir), locks: openLocks(layout.stateDir) };
  const digest = `sha256:${"a".repeat(64)}` as const;
  const runtime = join(layout.runtimeDir, "0000000a");
  for (const folder of [layout.componentDir(digest), runtime]) mkdirSync(folder, { recursive: true });
  writeFileSync(layout.runtimeUsers("0000000a"), JSON.stringify([join(layout.stateDir, "gone")]));
  for (const folder of [layout.componentDir(digest), runtime]) ahead(folder);
  // What was never there counts as of 1970.
  expect(removeUnusedComponents({ ...state, now: () => AHEAD_MS + 1 })).toEqual([]);
  expect(removeUnusedComponents({ ...state, now: () => NOW_MS })).toEqual([digest]);
  expect(removeUnusedRuntimes(layout, () => NOW_MS)).toEqual([runtime]);
});

test("the log's order and chain, the order of rows and the next address do not go by time", () => {
  const stateDir = temporaryStateDir();
  const times = [AHEAD_MS, NOW_MS, 5, NOW_MS, 0];
  const given = times.map((now, at) => {
    // A helper of its own each time, as after a restart of it.
    const ledger = openTestLedger(stateDir, { now: () => now });
    const owner = ownerOf(`c${at}`);
    ledger.openOperation(operationOf(`op${at}`, `c${at}`, { startedAtMs: now }));
    ledger.intent(owner, intentOf(`op${at}`, { key: `veth${at}` }));
    ledger.audit({ ...owner, operationId: `op${at}`, event: "call", data: {} });
    const wanted = { operationId: `op${at}`, setIndex: 0, ranges: rangesOf("10.0.0.2-10.0.0.9"), excluded: [] };
    const outcome = ledger.leases.reserveNext(owner, wanted);
    ledger.flush();
    return "reserved" in outcome ? formatIpAddress(outcome.reserved) : outcome.failed;
  });
  expect(given).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
  const ledger = openTestLedger(stateDir);
  const rows = [...ledger.exportJsonLines()].map((line) => JSON.parse(line) as AuditRow);
  expect(rows.map(({ sequence, timeMs }) => [sequence, timeMs])).toEqual(times.map((time, at) => [at + 1, time]));
  const chain = rows.map((row, at) => hashAuditRow(rows[at - 1]?.hash ?? AUDIT_START_HASH, row));
  expect(rows.map(({ hash }) => hash)).toEqual(chain);
  expect(ledger.readAudit({ limit: 2 }).map(({ sequence }) => sequence)).toEqual([4, 5]);
  expect(ledger.owned({}).map(({ key }) => key)).toEqual(["veth0", "veth1", "veth2", "veth3", "veth4"]);
});
