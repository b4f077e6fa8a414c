/**
 * @module Shared things: made once, deleted by the last, by whichever helper.
 */
import { expect, test } from "vitest";
import type { SharedThing } from "../../../host/helper/ledger/records.ts";
import { openTestLedger, operationOf, ownerOf, temporaryStateDir } from "./support.ts";

function bridge(operationId: string): SharedThing {
  return { operationId, kind: "bridge", key: "cni0", undo: { name: "cni0" }, description: "bridge cni0" };
}

test("the first makes it, the others join, the last deletes it", () => {
  const { shared } = openTestLedger();
  const { row, state } = shared.share(ownerOf("a"), bridge("op1"));
  expect(state).toBe("created");
  shared.ready(row.id, { index: 5 });
  expect(shared.share(ownerOf("b"), bridge("op2"))).toMatchObject({
    state: "joined",
    row: { id: row.id, network: "pods", undo: { index: 5 } },
  });
  expect(shared.users(row.id).map(({ containerId }) => containerId)).toEqual(["a", "b"]);
  expect(shared.unshare(row.id, ownerOf("a"), "op3")?.last).toBe(false);
  expect(shared.unshare(row.id, ownerOf("a"), "op3")).toBeUndefined();
  expect(shared.unshare(row.id, ownerOf("b"), "op4")).toMatchObject({
    last: true,
    row: { state: "deleting", operationId: "op4" },
  });
  shared.removed(row.id);
  expect(shared.list({})).toEqual([]);
});

test("another helper sees that it is being made and being deleted, and is not counted", () => {
  const stateDir = temporaryStateDir();
  const [here, there] = [openTestLedger(stateDir), openTestLedger(stateDir)];
  here.openOperation(operationOf("op1", "a"));
  const { row } = here.shared.share(ownerOf("a"), bridge("op1"));
  expect(there.shared.share(ownerOf("b"), bridge("op2"))).toMatchObject({
    state: "creating",
    row: { operationId: "op1" },
  });
  here.shared.ready(row.id);
  here.shared.unshare(row.id, ownerOf("a"), "op1");
  expect(there.shared.share(ownerOf("b"), bridge("op2"))).toMatchObject({
    state: "deleting",
    row: { operationId: "op1" },
  });
  expect(there.shared.users(row.id)).toEqual([]);
  here.shared.removed(row.id);
  expect(there.shared.share(ownerOf("b"), bridge("op2")).state).toBe("created");
});

test("what a closed operation left half-way is made anew", () => {
  const ledger = openTestLedger();
  ledger.openOperation(operationOf("op1", "a"));
  const { row } = ledger.shared.share(ownerOf("a"), bridge("op1"));
  ledger.shared.unshare(row.id, ownerOf("a"), "op1");
  ledger.closeOperation("op1");
  expect(ledger.shared.share(ownerOf("b"), bridge("op2"))).toMatchObject({
    state: "created",
    row: { id: row.id, operationId: "op2", state: "creating" },
  });
});

test("removed leaves alone what was made anew", () => {
  const ledger = openTestLedger();
  const { row } = ledger.shared.share(ownerOf("a"), bridge("op1"));
  ledger.shared.removed(row.id);
  expect(ledger.shared.list({})).toHaveLength(1);
});

test("asking twice in an operation counts once", () => {
  const { shared } = openTestLedger();
  const { row } = shared.share(ownerOf("a"), bridge("op1"));
  expect(shared.share(ownerOf("a"), bridge("op1")).state).toBe("created");
  expect(shared.users(row.id)).toHaveLength(1);
});

test("a user of an earlier operation is not one that a later operation joined", () => {
  const { shared } = openTestLedger();
  const { row } = shared.share(ownerOf("a"), bridge("op1"));
  shared.ready(row.id);
  shared.share(ownerOf("a"), bridge("op2"));
  expect(shared.list({ joinedBy: "op1" })).toHaveLength(1);
  expect(shared.list({ joinedBy: "op2" })).toHaveLength(0);
  expect(shared.list({ user: ownerOf("a") })).toHaveLength(1);
  expect(shared.list({ user: ownerOf("b") })).toHaveLength(0);
  expect(shared.list({ busyWith: "op1" })).toHaveLength(0);
});

test("the same name in another node namespace is another thing", () => {
  const { shared } = openTestLedger();
  shared.share(ownerOf("a"), bridge("op1"));
  expect(shared.share(ownerOf("b", { nodeNetnsCookie: "1" }), bridge("op2")).state).toBe("created");
});
