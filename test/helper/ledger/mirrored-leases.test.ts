/**
 * @module Leases with host-local's store beside them: they agree at every moment at which the helper may die.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostLocalStore } from "../../../host/helper/host-local-store.ts";
import type { Ledger } from "../../../host/helper/ledger/records.ts";
import { lockNow } from "../../../host/kernel/flock.ts";
import { watchFaultPoints } from "../../../host/spec/fault-points.ts";
import { formatIpAddress, parseIpAddress } from "../../../host/spec/ip.ts";
import { openTestLedger, ownerOf, rangesOf, temporaryStateDir } from "./support.ts";

/** Nobody holds the lock but the test that is about that. */
const LOCK_WAIT_MS = 50;
const RANGE = "10.0.0.2-10.0.0.5";

function openStored(): {
  ledger: Ledger;
  folder: string;
  stateDir: string;
  files: () => string[];
} {
  const stateDir = temporaryStateDir();
  const dir = join(stateDir, "networks");
  const ledger = openTestLedger(stateDir, { hostLocalStore: new HostLocalStore(dir, LOCK_WAIT_MS) });
  const folder = join(dir, "pods");
  mkdirSync(folder, { recursive: true });
  const files = (): string[] => readdirSync(folder).filter((name) => name.startsWith("10."));
  return { ledger, folder, stateDir, files };
}

const next = ({ leases }: Ledger, container: string, operationId = "op1"): string => {
  const outcome = leases.reserveNext(ownerOf(container), {
    operationId,
    setIndex: 0,
    ranges: rangesOf(RANGE),
    excluded: [],
  });
  return "reserved" in outcome ? formatIpAddress(outcome.reserved) : outcome.failed;
};

test("goes on after the address that the reference gave last, around those that it has", () => {
  const { ledger, folder, files } = openStored();
  writeFileSync(join(folder, "last_reserved_ip.0"), "10.0.0.3");
  writeFileSync(join(folder, "10.0.0.4"), "theirs\r\neth0");
  expect([next(ledger, "a"), next(ledger, "b"), next(ledger, "c"), next(ledger, "d")]).toEqual([
    "10.0.0.5",
    "10.0.0.2",
    "10.0.0.3",
    "exhausted",
  ]);
  expect(ledger.leases.countFree("pods", rangesOf(RANGE), [])).toBe(0n);
  expect(ledger.leases.ownerOf("pods", parseIpAddress("10.0.0.4"))).toMatchObject({ containerId: "theirs" });
  ledger.leases.release({ containerId: "a" });
  expect(files().toSorted()).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
  expect(ledger.leases.countFree("pods", rangesOf(RANGE), [])).toBe(1n);
});

test("a file that is somebody else's by now stays", () => {
  const { ledger, folder, files } = openStored();
  next(ledger, "a");
  writeFileSync(join(folder, "10.0.0.2"), "theirs\r\neth0");
  expect(ledger.leases.release({ containerId: "a" })).toBe(1);
  expect(files()).toEqual(["10.0.0.2"]);
});

test("an address that is asked for is in both, or in neither", () => {
  const { ledger, folder, files } = openStored();
  writeFileSync(join(folder, "10.0.0.4"), "");
  const reserve = (text: string) =>
    ledger.leases.reserve(ownerOf("a"), { operationId: "op1", setIndex: 0, address: parseIpAddress(text) });
  expect([reserve("10.0.0.4"), reserve("10.0.0.3"), reserve("10.0.0.3")]).toEqual(["taken", "reserved", "taken"]);
  expect(files().toSorted()).toEqual(["10.0.0.3", "10.0.0.4"]);
  expect(readFileSync(join(folder, "10.0.0.3"), "utf8")).toBe("a\r\neth0");
});

test.for(["lease:before", "lease:after", "release:before", "release:after"])(
  "a helper that dies at %s leaves what the operation's recovery removes from both",
  (point) => {
    const { ledger, files, stateDir } = openStored();
    watchFaultPoints((reached) => {
      if (reached === `ledger.${point}`) throw new Error("killed");
    });
    try {
      next(ledger, "a");
      ledger.leases.release({ containerId: "a" });
    } catch {
      // It is dead.
    }
    watchFaultPoints(undefined);
    ledger.close();
    const after = openTestLedger(stateDir, { hostLocalStore: new HostLocalStore(join(stateDir, "networks")) });
    const known = after.leases.list({}).map(({ address }) => formatIpAddress(address));
    // A file alone would never be released; a lease alone is, and gets its file until then.
    expect(known).toEqual(expect.arrayContaining(files()));
    expect(after.agreeWithStore()).toEqual([]);
    expect(files()).toEqual(known);
    after.leases.release({ operationId: "op1" });
    expect([files(), after.leases.list({})]).toEqual([[], []]);
  },
);

test("a draft that a dead helper left is no address, and is never written into", () => {
  const { ledger, folder } = openStored();
  next(ledger, "a");
  const file = join(folder, "10.0.0.2");
  rmSync(join(folder, ".cnidaria"), { force: true });
  writeFileSync(join(folder, ".cnidaria"), "half");
  next(ledger, "b");
  expect(readFileSync(file, "utf8")).toBe("a\r\neth0");
  expect(readdirSync(folder)).not.toContain(".cnidaria");
});

test("leases of before the machine's restart take their files along, and those of others stay", () => {
  const { ledger, folder, files, stateDir } = openStored();
  next(ledger, "a");
  writeFileSync(join(folder, "10.0.0.4"), "theirs\r\neth0");
  ledger.close();
  const hostLocalStore = new HostLocalStore(join(stateDir, "networks"));
  const after = openTestLedger(stateDir, { bootId: "next", hostLocalStore });
  expect(after.reclaimAfterReboot()).toMatchObject({ leases: 1 });
  expect(files()).toEqual(["10.0.0.4"]);
});

test("what an operator turned on late is reported where somebody else has the address", () => {
  const stateDir = temporaryStateDir();
  const before = openTestLedger(stateDir);
  expect([next(before, "a"), next(before, "b")]).toEqual(["10.0.0.2", "10.0.0.3"]);
  before.close();
  const dir = join(stateDir, "networks");
  mkdirSync(join(dir, "pods"), { recursive: true });
  writeFileSync(join(dir, "pods", "10.0.0.3"), "theirs\r\neth0");
  const after = openTestLedger(stateDir, { hostLocalStore: new HostLocalStore(dir) });
  expect(after.agreeWithStore().map(({ containerId }) => containerId)).toEqual(["b"]);
  expect(readFileSync(join(dir, "pods", "10.0.0.2"), "utf8")).toBe("a\r\neth0");
});

test("a store that somebody keeps locked makes the address unavailable, and leaves no lease", () => {
  const { ledger, folder } = openStored();
  using _held = lockNow(join(folder, "lock"), 0);
  expect(() => next(ledger, "a")).toThrow("is locked");
  expect(ledger.leases.list({})).toEqual([]);
});
