/**
 * @module Several helpers on one ledger, and helpers that die between two records.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recover } from "../../../host/helper/ledger/recovery.ts";
import type { Ledger } from "../../../host/helper/ledger/records.ts";
import type { Remains, UndoAll } from "../../../host/helper/ledger/recovery.ts";
import { openLocks } from "../../../host/helper/locks.ts";
import { intentOf, openTestLedger, operationOf, ownerOf, temporaryStateDir } from "./support.ts";

const WRITER = join(import.meta.dirname, "writer.fixture.ts");

interface Ended {
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

function runWriter(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", WRITER, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => child.once("close", (_code, signal) => resolve({ signal, output, errors })));
}

/** Undoes by forgetting, as an undo that finds everything gone; keeps what it was given. */
function undoerOf(ledger: Ledger, seen: Remains[]): UndoAll {
  return async (remains) => {
    seen.push(remains);
    for (const { id } of remains.owned) ledger.forget(id);
    for (const { id } of remains.joined)
      if (ledger.shared.unshare(id, remains.operation, remains.operation.id)?.last) ledger.shared.removed(id);
    for (const { id } of remains.deleting) ledger.shared.removed(id);
    return [];
  };
}

test("three helpers at once give each address once and write one chain", { timeout: 30_000 }, async () => {
  const stateDir = temporaryStateDir();
  const ended = await Promise.all(["x", "y", "z"].map((name) => runWriter("contend", stateDir, name)));
  expect(ended.map(({ errors }) => errors).join("")).toBe("");
  const given = ended.flatMap(({ output }) => JSON.parse(output) as string[]);
  expect(given).toHaveLength(300);
  expect(new Set(given).size).toBe(300);
  const ledger = openTestLedger(stateDir);
  expect(ledger.owned({}).every(({ state }) => state === "done")).toBe(true);
  expect(ledger.readAudit({}).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

test("killed before or after any record, an operation is recovered to nothing", { timeout: 60_000 }, async () => {
  const complete = JSON.parse((await runWriter("add", temporaryStateDir(), "none")).output) as string[];
  const counts = new Map<string, number>();
  const places = complete.map((point) => {
    counts.set(point, (counts.get(point) ?? 0) + 1);
    return `${point}#${counts.get(point)}`;
  });
  expect(places).toContain("intent:after#2");
  for (const place of places) {
    const stateDir = temporaryStateDir();
    expect(await runWriter("add", stateDir, place), place).toMatchObject({ signal: "SIGKILL" });
    const ledger = openTestLedger(stateDir);
    const isBegun = place !== "operation:before#1";
    const isEnded = place === "close:after#1";
    const recovered = await recover(ledger, openLocks(stateDir), undoerOf(ledger, []));
    expect(recovered, place).toHaveLength(isBegun && !isEnded ? 1 : 0);
    expect(ledger.unfinishedOperations(), place).toEqual([]);
    if (isEnded) continue;
    expect(ledger.owned({}), place).toEqual([]);
    expect(ledger.shared.list({}), place).toEqual([]);
    expect(ledger.leases.list({}), place).toEqual([]);
  }
});

test("recovery undoes last first, and releases leases", async () => {
  const stateDir = temporaryStateDir();
  const ledger = openTestLedger(stateDir);
  const seen: Remains[] = [];
  ledger.openOperation(operationOf("op1", "a"));
  for (const key of ["first", "second"]) ledger.intent(ownerOf("a"), intentOf("op1", { key }));
  ledger.intent(ownerOf("a"), intentOf("earlier"));
  ledger.leases.reserve(ownerOf("a"), {
    operationId: "op1",
    setIndex: 0,
    address: { tag: "ipv4", val: [10, 0, 0, 1] },
  });
  await recover(ledger, openLocks(stateDir), undoerOf(ledger, seen));
  expect(seen[0]?.owned.map(({ key }) => key)).toEqual(["second", "first"]);
  expect(ledger.owned({}).map(({ operationId }) => operationId)).toEqual(["earlier"]);
  expect(ledger.leases.list({})).toEqual([]);
  expect(ledger.readAudit({ operationId: "op1" }).map(({ event }) => event)).toEqual(["recovered"]);
});

test("an operation that lives is never touched", async () => {
  const stateDir = temporaryStateDir();
  const ledger = openTestLedger(stateDir);
  const locks = openLocks(stateDir);
  const seen: Remains[] = [];
  ledger.openOperation(operationOf("op1", "a"));
  ledger.intent(ownerOf("a"), intentOf("op1"));
  using lock = locks.operation("op1");
  expect(lock).toBeDefined();
  expect(await recover(ledger, locks, undoerOf(ledger, seen))).toEqual([]);
  expect(seen).toEqual([]);
  expect(ledger.owned({})).toHaveLength(1);
});

test("recovers one container when asked for one, and closes what could not be undone", async () => {
  const stateDir = temporaryStateDir();
  const ledger = openTestLedger(stateDir);
  for (const container of ["a", "b"]) {
    ledger.openOperation(operationOf(`op-${container}`, container));
    ledger.intent(ownerOf(container), intentOf(`op-${container}`));
  }
  const recovered = await recover(ledger, openLocks(stateDir), async () => ["veth1: EBUSY"], { containerId: "a" });
  expect(recovered.map(({ operation, failures }) => [operation.id, failures])).toEqual([["op-a", ["veth1: EBUSY"]]]);
  expect(ledger.unfinishedOperations().map(({ id }) => id)).toEqual(["op-b"]);
  expect(ledger.owned({ containerId: "a" })).toHaveLength(1);
});
