/**
 * @module The ledger: changes, operations, attachments, transactions, versions.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openLedger } from "../../../host/helper/ledger/ledger.ts";
import { tagOf } from "../../../host/helper/ledger/tag.ts";
import { watchFaultPoints } from "../../../host/spec/fault-points.ts";
import { attachmentOf, COOKIE, intentOf, openTestLedger, operationOf, ownerOf, temporaryStateDir } from "./support.ts";

const KEY = { network: "pods", containerId: "c1", ifname: "eth0" };

test("an intent is on record before the change, for every other helper too", () => {
  const stateDir = temporaryStateDir();
  const [ledger, other] = [openTestLedger(stateDir), openTestLedger(stateDir)];
  const id = ledger.intent(ownerOf("c1"), intentOf("op1", { replaced: { value: 1 } }));
  expect(other.owned({ attachment: KEY })).toEqual([
    { ...ownerOf("c1"), ...intentOf("op1"), id, state: "intent", replaced: { value: 1 }, tag: tagOf(ownerOf("c1")) },
  ]);
});

test("done waits for the end, or the next flush", () => {
  const stateDir = temporaryStateDir();
  const [ledger, other] = [openTestLedger(stateDir), openTestLedger(stateDir)];
  const first = ledger.intent(ownerOf("c1"), intentOf("op1"));
  ledger.done(first, { index: 9 });
  expect(other.owned({ kind: "veth", key: "veth1" })[0]?.state).toBe("intent");
  ledger.intent(ownerOf("c1"), intentOf("op1", { key: "veth2" }));
  expect(other.owned({ operationId: "op1" }).map(({ state, undo }) => [state, undo])).toEqual([
    ["intent", { name: "veth1" }],
    ["intent", { name: "veth1" }],
  ]);
  ledger.flush();
  expect(other.owned({ operationId: "op1" }).map(({ state, undo }) => [state, undo])).toEqual([
    ["done", { index: 9 }],
    ["intent", { name: "veth1" }],
  ]);
});

test("what is read is what was marked, flushed or not", () => {
  const ledger = openTestLedger();
  const [first, second] = [
    ledger.intent(ownerOf("c1"), intentOf("op1")),
    ledger.intent(ownerOf("c1"), intentOf("op1")),
  ];
  ledger.done(first);
  ledger.done(second);
  ledger.forget(second);
  expect(ledger.owned({}).map(({ id, state }) => [id, state])).toEqual([[first, "done"]]);
});

test("a transaction that throws leaves nothing, and what was buffered waits again", () => {
  const ledger = openTestLedger();
  const id = ledger.intent(ownerOf("c1"), intentOf("op1"));
  ledger.done(id);
  ledger.audit({ ...KEY, operationId: "op1", event: "kept", data: {} });
  const failing = (): void =>
    ledger.transaction(() => {
      ledger.attachments.put(attachmentOf("c1"), "op1");
      ledger.flush();
      throw new Error("no");
    });
  expect(failing).toThrow("no");
  expect(ledger.attachments.get(KEY, "")).toBeUndefined();
  expect(ledger.owned({})[0]?.state).toBe("done");
  expect(ledger.readAudit({}).map(({ event }) => event)).toEqual(["kept"]);
});

test("an attachment comes back as it was put", () => {
  const ledger = openTestLedger();
  const unfinished = attachmentOf("c2", { result: undefined });
  ledger.attachments.put(attachmentOf("c1"), "op1");
  ledger.attachments.put(unfinished, "op1");
  expect(ledger.attachments.get(KEY, "")).toEqual(attachmentOf("c1"));
  expect(ledger.attachments.list({ containerId: "c2" })).toEqual([unfinished]);
  expect(ledger.attachments.list({ network: "pods" })).toHaveLength(2);
  expect(ledger.attachments.countByDigest(ownerOf("c1").digest)).toBe(2);
  ledger.attachments.delete(KEY);
  expect(ledger.attachments.get(KEY, "")).toBeUndefined();
});

test("operations are those of this node namespace", () => {
  const stateDir = temporaryStateDir();
  const ledger = openTestLedger(stateDir);
  ledger.openOperation(operationOf("op1", "c1"));
  ledger.openOperation(operationOf("op2", "c2", { nodeNetnsCookie: "1" }));
  expect(ledger.unfinishedOperations()).toEqual([operationOf("op1", "c1")]);
  expect(openTestLedger(stateDir, { nodeNetnsCookie: "1" }).unfinishedOperations()).toHaveLength(1);
  ledger.closeOperation("op1");
  expect(ledger.readOperation("op1")).toBeUndefined();
});

test("every record has a fault point before and after it", () => {
  const points: string[] = [];
  const ledger = openTestLedger(temporaryStateDir());
  watchFaultPoints((point) => points.push(point));
  ledger.done(ledger.intent(ownerOf("c1"), intentOf("op1")));
  ledger.flush();
  watchFaultPoints(undefined);
  const records = ["ledger.intent", "ledger.done", "ledger.flush"];
  expect(points).toEqual(records.flatMap((record) => [`${record}:before`, `${record}:after`]));
});

test("a ledger of a newer release is refused and not touched", () => {
  const stateDir = temporaryStateDir();
  const path = join(stateDir, "ledger", "ledger.db");
  const newer = new DatabaseSync(path);
  newer.exec("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT); INSERT INTO meta VALUES ('schema', '99')");
  newer.close();
  const before = readFileSync(path);
  expect(() => openLedger({ stateDir, nodeNetnsCookie: COOKIE, now: Date.now })).toThrow(
    expect.objectContaining({ kind: "stateUnusable" }),
  );
  expect(readFileSync(path)).toEqual(before);
});

test.for([
  {
    title: "no database",
    break: (path: string) =>
      writeFileSync(path, "not a database, by far, and longer than a header would be".repeat(40)),
  },
  { title: "no directory", break: undefined },
])("a ledger that cannot be opened is stateUnusable: $title", ({ break: breakIt }) => {
  const stateDir = breakIt === undefined ? "/nonexistent" : temporaryStateDir();
  breakIt?.(join(stateDir, "ledger", "ledger.db"));
  expect(() => openLedger({ stateDir, nodeNetnsCookie: COOKIE, now: Date.now })).toThrow(
    expect.objectContaining({ kind: "stateUnusable" }),
  );
});

test("a restart of the machine takes everything that is on record of the time before", () => {
  const stateDir = temporaryStateDir();
  const before = openTestLedger(stateDir, { bootId: "first" });
  expect(before.rebooted).toBe(false);
  for (const container of ["one", "other"]) {
    before.openOperation(operationOf(`op-${container}`, container));
    before.intent(ownerOf(container), intentOf(`op-${container}`));
    before.shared.share(ownerOf(container), {
      operationId: "op",
      kind: "bridge",
      key: "cni0",
      undo: {},
      description: "",
    });
    before.leases.reserveNext(ownerOf(container), {
      operationId: "op",
      setIndex: 0,
      ranges: [{ first: { tag: "ipv4", val: [10, 0, 0, 1] }, last: { tag: "ipv4", val: [10, 0, 0, 9] } }],
      excluded: [],
    });
    before.attachments.put(attachmentOf(container), "op1");
  }
  before.close();
  const after = openTestLedger(stateDir, { bootId: "second" });
  expect(after.rebooted).toBe(true);
  after.intent(ownerOf("new"), intentOf("op-new"));
  const reclaimed = after.reclaimAfterReboot();
  expect(reclaimed).toEqual({ owned: 2, shared: 1, leases: 2, attachments: 2, operations: 2 });
  expect(after.owned({}).map(({ containerId }) => containerId)).toEqual(["new"]);
  expect(after.leases.list({}).map(({ containerId }) => containerId)).toEqual([]);
  after.close();
  expect(openTestLedger(stateDir, { bootId: "second" }).rebooted).toBe(false);
});

test("a tag tells every field apart", () => {
  const owners = [
    ownerOf("c1"),
    ownerOf("c1", { network: "pod", containerId: "sc1" }),
    ownerOf("c1", { nodeNetnsCookie: "1" }),
    ownerOf("c1", { ifname: "eth1" }),
  ];
  const tags = owners.map(tagOf);
  expect(new Set(tags).size).toBe(owners.length);
  for (const tag of tags) expect(tag).toMatch(/^[0-9a-f]{32}$/);
});
