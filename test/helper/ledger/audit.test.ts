/**
 * @module The audit log and its chain.
 */
import { expect, test } from "vitest";
import { AUDIT_START_HASH, hashAuditRow } from "../../../host/helper/ledger/audit.ts";
import type { Ledger } from "../../../host/helper/ledger/records.ts";
import type { AuditRow } from "../../../host/helper/protocol.ts";
import { openTestLedger, temporaryStateDir } from "./support.ts";

function write(ledger: Ledger, event: string, containerId = "c1"): void {
  ledger.audit({
    network: "pods",
    containerId,
    ifname: "eth0",
    operationId: `op-${containerId}`,
    event,
    data: { event },
  });
}

function exported(ledger: Ledger, after?: number): AuditRow[] {
  return [...ledger.exportJsonLines(after)].map((line) => JSON.parse(line) as AuditRow);
}

/** Sequence numbers of rows whose hash does not follow from the row before. */
function broken(rows: readonly AuditRow[], start: string): number[] {
  return rows
    .filter((row, index) => row.hash !== hashAuditRow(rows[index - 1]?.hash ?? start, row))
    .map(({ sequence }) => sequence);
}

test("two helpers write one chain", () => {
  const stateDir = temporaryStateDir();
  const [here, there] = [openTestLedger(stateDir), openTestLedger(stateDir)];
  for (const ledger of [here, there, here]) {
    write(ledger, "one");
    write(ledger, "two");
    ledger.flush();
  }
  const rows = exported(there);
  expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(broken(rows, AUDIT_START_HASH)).toEqual([]);
});

test("a changed row, a missing row and a swapped row break the chain", () => {
  const ledger = openTestLedger();
  for (const event of ["one", "two", "three"]) write(ledger, event);
  const [one, two, three] = exported(ledger) as [AuditRow, AuditRow, AuditRow];
  expect(broken([one, { ...two, data: "{}" }, three], AUDIT_START_HASH)).toEqual([2]);
  expect(broken([one, three], AUDIT_START_HASH)).toEqual([3]);
  expect(broken([two, one, three], AUDIT_START_HASH)).toEqual([2, 1, 3]);
});

test("waits for flush, unless a thousand wait", () => {
  const stateDir = temporaryStateDir();
  const [here, there] = [openTestLedger(stateDir), openTestLedger(stateDir)];
  for (let count = 0; count < 1_001; count++) write(here, "many");
  expect(there.readAudit({})).toHaveLength(1_000);
  here.flush();
  expect(exported(there)).toHaveLength(1_001);
});

test("reads by container, the newest within the limit, oldest first", () => {
  const ledger = openTestLedger();
  for (const event of ["one", "two", "three"]) write(ledger, event);
  write(ledger, "other", "c2");
  expect(ledger.readAudit({ containerId: "c1", limit: 2 }).map(({ event }) => event)).toEqual(["two", "three"]);
  expect(ledger.readAudit({ operationId: "op-c2" }).map(({ event }) => event)).toEqual(["other"]);
});

test("rotation keeps the newest rows, and the chain goes on", () => {
  const ledger = openTestLedger();
  for (const event of ["one", "two", "three", "four"]) write(ledger, event);
  const start = exported(ledger)[1]?.hash ?? "";
  expect(ledger.rotateAudit(2)).toBe(2);
  write(ledger, "five");
  const rows = exported(ledger);
  expect(rows.map(({ event }) => event)).toEqual(["three", "four", "five"]);
  expect(broken(rows, start)).toEqual([]);
  expect(exported(ledger, 4)).toHaveLength(1);
  ledger.rotateAudit(0);
  expect(exported(ledger)).toHaveLength(1);
});
