/**
 * @module Leases: never the same address twice, round robin, huge and full ranges.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LeaseStore } from "../../../host/helper/ledger/lease-records.ts";
import { formatIpAddress, parseIpAddress } from "../../../host/spec/ip.ts";
import { openTestLedger, ownerOf, rangesOf, temporaryStateDir } from "./support.ts";

const OPERATION = "op1";

/** Reserves for a new container and gives the address as text, or what failed. */
function next(
  leases: LeaseStore,
  container: string,
  ranges: readonly string[],
  excluded: readonly string[] = [],
): string {
  const wanted = {
    operationId: OPERATION,
    setIndex: 0,
    ranges: rangesOf(...ranges),
    excluded: excluded.map(parseIpAddress),
  };
  const outcome = leases.reserveNext(ownerOf(container), wanted);
  return "reserved" in outcome ? formatIpAddress(outcome.reserved) : outcome.failed;
}

test("addresses are given in order, without the excluded, then none is left", () => {
  const { leases } = openTestLedger();
  const given = ["c1", "c2", "c3", "c4"].map((container) =>
    next(leases, container, ["10.0.0.1-10.0.0.4"], ["10.0.0.1"]),
  );
  expect(given).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4", "exhausted"]);
});

test("goes on after the address given last, also when an earlier one was released", () => {
  const { leases } = openTestLedger();
  expect([next(leases, "c1", ["10.0.0.2-10.0.0.4"]), next(leases, "c2", ["10.0.0.2-10.0.0.4"])]).toEqual([
    "10.0.0.2",
    "10.0.0.3",
  ]);
  leases.release({ containerId: "c1" });
  expect([next(leases, "c3", ["10.0.0.2-10.0.0.4"]), next(leases, "c4", ["10.0.0.2-10.0.0.4"])]).toEqual([
    "10.0.0.4",
    "10.0.0.2",
  ]);
});

test("goes across the ranges of a set and comes round", () => {
  const { leases } = openTestLedger();
  const ranges = ["10.0.0.8-10.0.0.9", "10.9.0.1-10.9.0.1"];
  expect(["a", "b", "c", "d"].map((container) => next(leases, container, ranges))).toEqual([
    "10.0.0.8",
    "10.0.0.9",
    "10.9.0.1",
    "exhausted",
  ]);
  leases.release({ containerId: "a" });
  expect(next(leases, "d", ranges)).toBe("10.0.0.8");
});

test("starts at the first range when the ranges no longer hold the address given last", () => {
  const { leases } = openTestLedger();
  next(leases, "a", ["10.0.0.8-10.0.0.9"]);
  expect(next(leases, "b", ["10.1.0.8-10.1.0.9"])).toBe("10.1.0.8");
});

test("an attachment has one address of a set, and one of the next", () => {
  const { leases } = openTestLedger();
  expect([next(leases, "a", ["10.0.0.1-10.0.0.9"]), next(leases, "a", ["10.0.0.1-10.0.0.9"])]).toEqual([
    "10.0.0.1",
    "already-exists",
  ]);
  const other = leases.reserveNext(ownerOf("a"), {
    operationId: OPERATION,
    setIndex: 1,
    ranges: rangesOf("fd00::1-fd00::9"),
    excluded: [],
  });
  expect(other).toEqual({ reserved: parseIpAddress("fd00::1") });
  expect(
    leases.list({ containerId: "a" }).map(({ address, setIndex }) => [formatIpAddress(address), setIndex]),
  ).toEqual([
    ["10.0.0.1", 0],
    ["fd00::1", 1],
  ]);
});

test("one address is reserved once in a network, and again in another", () => {
  const { leases } = openTestLedger();
  const wanted = { operationId: OPERATION, setIndex: 0, address: parseIpAddress("10.0.0.7") };
  expect(leases.reserve(ownerOf("a"), wanted)).toBe("reserved");
  expect(leases.reserve(ownerOf("b"), wanted)).toBe("taken");
  expect(leases.reserve(ownerOf("b", { network: "other" }), wanted)).toBe("reserved");
  expect(leases.ownerOf("pods", wanted.address)).toEqual({ network: "pods", containerId: "a", ifname: "eth0" });
  expect(leases.ownerOf("pods", parseIpAddress("10.0.0.8"))).toBeUndefined();
});

test("releases what matches, and an empty filter nothing", () => {
  const { leases } = openTestLedger();
  for (const container of ["a", "b"]) next(leases, container, ["10.0.0.1-10.0.0.9"]);
  expect(leases.release({})).toBe(0);
  expect(leases.release({ containerId: "a", network: "other" })).toBe(0);
  expect(leases.release({ operationId: OPERATION })).toBe(2);
  expect(leases.list({})).toEqual([]);
});

test("finds the one free address of a nearly full /16", () => {
  const ledger = openTestLedger();
  ledger.transaction(() => {
    for (let value = 0; value < 65_536; value++) {
      const address = { tag: "ipv4", val: [10, 0, value >> 8, value & 255] } as const;
      if (value !== 50_000)
        ledger.leases.reserve(ownerOf(`c${value}`), { operationId: OPERATION, setIndex: 1, address });
    }
  });
  const range = "10.0.0.0-10.0.255.255";
  expect(ledger.leases.countFree("pods", rangesOf(range), [])).toBe(1n);
  expect(next(ledger.leases, "a", [range])).toBe("10.0.195.80");
  expect(next(ledger.leases, "b", [range])).toBe("exhausted");
});

test("counts a /64 and never walks it", () => {
  const { leases } = openTestLedger();
  const range = "fd00::-fd00::ffff:ffff:ffff:ffff";
  expect(next(leases, "a", [range], ["fd00::", "fd00::1"])).toBe("fd00::2");
  expect(leases.countFree("pods", rangesOf(range), [parseIpAddress("fd00::"), parseIpAddress("fd00::2")])).toBe(
    2n ** 64n - 2n,
  );
});

test("never gives an address twice, never one outside or excluded, and gives every one", () => {
  const step = fc.oneof(
    fc.record({ take: fc.integer({ min: 0, max: 30 }) }),
    fc.record({ drop: fc.integer({ min: 0, max: 30 }) }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 5 }),
      fc.array(step, { maxLength: 60 }),
      (size, excludedAt, steps) => {
        const ledger = openTestLedger();
        const ranges = [`10.0.0.1-10.0.0.${size}`, "10.0.9.1-10.0.9.3"];
        const excluded = excludedAt === 0 ? [] : [`10.0.0.${excludedAt}`];
        const total = size + 3 - (excludedAt >= 1 && excludedAt <= size ? 1 : 0);
        const held = new Map<number, string>();
        for (const each of steps) {
          if ("drop" in each) {
            expect(ledger.leases.release({ containerId: `c${each.drop}` })).toBe(held.delete(each.drop) ? 1 : 0);
            continue;
          }
          const got = next(ledger.leases, `c${each.take}`, ranges, excluded);
          if (held.has(each.take)) expect(got).toBe("already-exists");
          else if (held.size === total) expect(got).toBe("exhausted");
          else {
            expect(got).toMatch(/^10\.0\.(0\.\d+|9\.[123])$/);
            expect([...held.values(), ...excluded]).not.toContain(got);
            held.set(each.take, got);
          }
          expect(ledger.leases.countFree("pods", rangesOf(...ranges), excluded.map(parseIpAddress))).toBe(
            BigInt(total - held.size),
          );
        }
        ledger.close();
      },
    ),
    { numRuns: 40 },
  );
});

test("a change shows in its network's generation: this helper's, another's, and one that may be of any network", () => {
  const stateDir = temporaryStateDir();
  const [{ leases }, other] = [openTestLedger(stateDir), openTestLedger(stateDir)];
  const seen = [leases.generation("pods")];
  const isNew = (): boolean => {
    seen.push(leases.generation("pods"));
    return seen.at(-1) !== seen.at(-2);
  };
  expect(isNew()).toBe(false);
  next(leases, "c1", ["10.0.0.2-10.0.0.4"]);
  expect(isNew()).toBe(true);
  leases.release({ network: "pods", containerId: "c1" });
  expect(isNew()).toBe(true);
  leases.release({ operationId: OPERATION });
  expect(isNew()).toBe(true);
  leases.release({ network: "others" });
  expect(isNew()).toBe(false);
  next(other.leases, "c2", ["10.0.0.2-10.0.0.4"]);
  expect(isNew()).toBe(true);
  expect(isNew()).toBe(false);
  expect(other.leases.generation("pods")).not.toBe(leases.generation("pods"));
});

const imported = (address: string, containerId: string, ifname = "eth0", setIndex = 0) => ({
  address: parseIpAddress(address),
  containerId,
  ifname,
  setIndex,
});
const takeOver = (leases: LeaseStore, ...taken: readonly ReturnType<typeof imported>[]) =>
  leases.takeOver({ operationId: "import-1", network: "pods", leases: taken, cursors: [] });

test("addresses that are taken over are leased, once and for all; what others have stays theirs", () => {
  const { leases } = openTestLedger();
  next(leases, "a", ["10.0.0.2-10.0.0.9"]);
  const taken = [imported("10.0.0.2", "b"), imported("10.0.0.3", "b"), imported("10.0.0.4", "c", "")];
  expect(takeOver(leases, ...taken)).toMatchObject({ imported: 2, present: 0, conflicts: [{ containerId: "a" }] });
  expect(takeOver(leases, ...taken)).toMatchObject({ imported: 0, present: 2, conflicts: [{ containerId: "a" }] });
  expect(next(leases, "d", ["10.0.0.2-10.0.0.9"])).toBe("10.0.0.5");
  expect(leases.ownerOf("pods", parseIpAddress("10.0.0.2"))).toMatchObject({ containerId: "a" });
});

test("the next address is looked for after the one that the other store gave last", () => {
  const { leases } = openTestLedger();
  const cursors = [{ setIndex: 0, address: parseIpAddress("10.0.0.7") }];
  leases.takeOver({ operationId: "import-1", network: "pods", leases: [], cursors });
  expect(next(leases, "a", ["10.0.0.2-10.0.0.9"])).toBe("10.0.0.8");
});

test("a container that was taken over gets no second address of its ranges, whatever set it is from", () => {
  const { leases } = openTestLedger();
  takeOver(leases, imported("10.0.0.2", "b", "eth0", 3), imported("10.0.0.3", "c", "", 3));
  expect(next(leases, "b", ["10.0.0.2-10.0.0.9"])).toBe("already-exists");
  expect(next(leases, "c", ["10.0.0.2-10.0.0.9"])).toBe("already-exists");
  expect(next(leases, "b", ["10.9.0.2-10.9.0.9"])).toBe("10.9.0.2");
});

test("a lease whose link is not known goes with the DEL of any", () => {
  const { leases } = openTestLedger();
  takeOver(leases, imported("10.0.0.2", "b", ""), imported("10.0.0.3", "b", "net1"));
  expect(leases.release({ network: "pods", containerId: "b", ifname: "eth0" })).toBe(1);
  expect(leases.list({ containerId: "b" }).map(({ ifname }) => ifname)).toEqual(["net1"]);
});
