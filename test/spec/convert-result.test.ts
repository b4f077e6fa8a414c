import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { convertResult, formatResult, parseResult } from "../../host/spec/result-json.ts";
import type { AttachmentResult } from "../../host/spec/result.ts";
import { SUPPORTED_VERSIONS, isAtLeast } from "../../host/spec/version.ts";
import { anyResult } from "./arbitraries.ts";

/** Versions of one shape. */
type Shape = "byFamily" | "labelled" | "newest";
const shapeOf = (version: string): Shape =>
  isAtLeast(version, "1.0.0") ? "newest" : isAtLeast(version, "0.3.0") ? "labelled" : "byFamily";

const DNS = { nameservers: ["10.1.0.1"], search: ["a.b"] };
const BY_FAMILY: JsonObject = {
  ip4: { ip: "10.1.0.7/24", gateway: "10.1.0.1", routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }] },
  ip6: { ip: "fd00::7/64", routes: [{ dst: "::/0" }] },
  dns: DNS,
  vendor: 1,
};
const LINKS = [
  { name: "cni0", mac: "0a:00:00:00:00:01" },
  { name: "eth0", sandbox: "/run/netns/x" },
];
const ROUTES = [
  { dst: "0.0.0.0/0", gw: "10.1.0.1", mtu: 1400, advmss: 1360, priority: 5, table: 0, scope: 0 },
  { dst: "::/0" },
];
const LABELLED: JsonObject = {
  interfaces: LINKS,
  ips: [
    { version: "4", interface: 1, address: "10.1.0.7/24", gateway: "10.1.0.1" },
    { version: "4", interface: 1, address: "10.1.0.8/24" },
    { version: "6", interface: 1, address: "fd00::7/64" },
  ],
  routes: ROUTES,
  dns: DNS,
  vendor: 1,
};
const UNLABELLED_IPS = [
  { interface: 1, address: "10.1.0.7/24", gateway: "10.1.0.1" },
  { interface: 1, address: "10.1.0.8/24" },
  { interface: 1, address: "fd00::7/64" },
];
const NEWEST: JsonObject = {
  interfaces: [
    { name: "cni0", mac: "0a:00:00:00:00:01", mtu: 1500, pciID: "0000:00:1f.6" },
    { name: "eth0", sandbox: "/run/netns/x", socketPath: "/run/vhost" },
  ],
  ips: UNLABELLED_IPS,
  routes: ROUTES,
  dns: DNS,
  vendor: 1,
};

const GIVEN: Readonly<Record<Shape, JsonObject>> = { byFamily: BY_FAMILY, labelled: LABELLED, newest: NEWEST };
const FLAT_IPS = [{ address: "10.1.0.7/24", gateway: "10.1.0.1" }, { address: "fd00::7/64" }];
const FLAT_ROUTES = [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }, { dst: "::/0" }];
const WANTED: Readonly<Record<Shape, Readonly<Record<Shape, JsonObject>>>> = {
  byFamily: {
    byFamily: BY_FAMILY,
    labelled: {
      ips: FLAT_IPS.map((ip, index) => ({ version: ["4", "6"][index] ?? "", ...ip })),
      routes: FLAT_ROUTES,
      dns: DNS,
      vendor: 1,
    },
    newest: { ips: FLAT_IPS, routes: FLAT_ROUTES, dns: DNS, vendor: 1 },
  },
  labelled: { byFamily: BY_FAMILY, labelled: LABELLED, newest: { ...LABELLED, ips: UNLABELLED_IPS } },
  newest: { byFamily: BY_FAMILY, labelled: LABELLED, newest: NEWEST },
};

const PAIRS = SUPPORTED_VERSIONS.flatMap((from) => SUPPORTED_VERSIONS.map((to) => ({ from, to })));

describe("convertResult", () => {
  test("every pair of versions is in the table", () => {
    expect(PAIRS).toHaveLength(49);
  });

  test.for(PAIRS)("$from to $to", ({ from, to }) => {
    const value = { cniVersion: from, ...GIVEN[shapeOf(from)] };
    const want = { cniVersion: to, ...WANTED[shapeOf(from)][shapeOf(to)] };
    expect(convertResult(value, from, to)).toEqual(want);
    // The version in the result counts, whatever was asked.
    expect(convertResult(value, to, to)).toEqual(want);
  });

  test.for(PAIRS)("$from to $to, without a version of its own", ({ from, to }) => {
    const want = { cniVersion: to, ...WANTED[shapeOf(from)][shapeOf(to)] };
    expect(convertResult({ cniVersion: "", ...GIVEN[shapeOf(from)] }, from, to)).toEqual(want);
  });

  test.for(PAIRS)("$from to $to of a result without addresses", ({ from, to }) => {
    if (shapeOf(to) === "byFamily")
      expect(() => convertResult({}, from, to)).toThrow(expect.objectContaining({ kind: "incompatibleCniVersion" }));
    else expect(convertResult({}, from, to)).toEqual({ cniVersion: to });
  });

  test("to no version is to 0.1.0", () => {
    expect(convertResult(LABELLED, "0.4.0", "")).toEqual({ cniVersion: "0.1.0", ...BY_FAMILY });
    expect(convertResult(BY_FAMILY, "", "0.2.0")).toEqual({ cniVersion: "0.2.0", ...BY_FAMILY });
  });

  test.for(["1.2.0", "0.5.0", "1.1", "v1.1.0"])("to %j is code 1", (to) => {
    expect(() => convertResult(NEWEST, "1.1.0", to)).toThrow(expect.objectContaining({ code: 1 }));
  });

  test("1.1.0 to 0.4.0 and back loses what interfaces had, and keeps what routes have", () => {
    const back = convertResult(convertResult(NEWEST, "1.1.0", "0.4.0"), "0.4.0", "1.1.0");
    expect(back).toEqual({ ...NEWEST, cniVersion: "1.1.0", interfaces: LINKS });
  });

  test("the misspelt ip of 0.3.0 is no address", () => {
    expect(parseResult({ ip: [{ address: "10.1.0.7/24" }] }, "0.3.0").result.ips).toEqual([]);
  });

  test("a family without an address loses its routes in 0.2.0", () => {
    const value = { ips: [{ address: "10.1.0.7/24" }], routes: [{ dst: "::/0", gw: "fd00::1" }] };
    expect(convertResult(value, "1.0.0", "0.2.0")).toEqual({ cniVersion: "0.2.0", ip4: { ip: "10.1.0.7/24" } });
  });
});

describe("any result", () => {
  const versions = fc.constantFrom(...SUPPORTED_VERSIONS);
  const withAddress = anyResult.filter(({ ips }) => ips.length > 0);
  const write = (result: AttachmentResult, version: string): JsonObject =>
    JSON.parse(JSON.stringify(formatResult(result, version))) as JsonObject;

  test("is the same after one conversion as after the same one twice", () => {
    fc.assert(
      fc.property(withAddress, versions, versions, (result, from, to) => {
        const once = convertResult(write(result, from), from, to);
        expect(convertResult(once, to, to)).toEqual(once);
      }),
    );
  });

  test("comes back from a newer version as it was", () => {
    fc.assert(
      fc.property(withAddress, versions, versions, (result, one, other) => {
        const [older, newer] = isAtLeast(one, other) ? [other, one] : [one, other];
        const written = write(result, older);
        expect(convertResult(convertResult(written, older, newer), newer, older)).toEqual(written);
      }),
    );
  });

  test("loses the same on the way through a version in between", () => {
    fc.assert(
      fc.property(withAddress, versions, versions, versions, (result, ...three) => {
        const [oldest = "", middle = "", newest = ""] = three.toSorted((left, right) =>
          isAtLeast(left, right) ? 1 : -1,
        );
        const written = write(result, newest);
        const direct = convertResult(written, newest, oldest);
        expect(convertResult(convertResult(written, newest, middle), middle, oldest)).toEqual(direct);
      }),
    );
  });
});
