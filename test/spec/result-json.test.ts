import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../host/spec/json.ts";
import {
  convertResult,
  formatAddressResult,
  formatPreviousResult,
  formatResult,
  parseAddressResult,
  parseResult,
} from "../../host/spec/result-json.ts";
import { EMPTY_RESULT } from "../../host/spec/result.ts";
import { anyResult } from "./arbitraries.ts";

/** A result with everything, as 1.1.0 has it. */
const FULL: JsonObject = {
  cniVersion: "1.1.0",
  interfaces: [
    { name: "cni0", mac: "0a:00:00:00:00:01", mtu: 1500, socketPath: "/run/x", pciID: "0000:00:1f.6" },
    { name: "eth0", mac: "0a:00:00:00:00:02", sandbox: "/run/netns/x", vendor: 1 },
  ],
  ips: [{ interface: 1, address: "10.1.0.7/24", gateway: "10.1.0.1" }, { address: "2001:db8::7/64" }],
  routes: [
    { dst: "0.0.0.0/0", gw: "10.1.0.1", mtu: 1400, advmss: 1360, priority: 5, table: 0, scope: 0 },
    { dst: "10.2.0.0/16" },
  ],
  dns: { nameservers: ["1.1.1.1"], domain: "a.b", search: ["c.d"], options: ["ndots:5"] },
  vendor: { x: [1] },
};

describe("formatResult after parseResult", () => {
  test("1.1.0 loses nothing", () => {
    expect(convertResult(FULL, "1.1.0", "1.1.0")).toEqual(FULL);
  });

  test("1.0.0 is a new label", () => {
    expect(convertResult(FULL, "1.1.0", "1.0.0")).toEqual({ ...FULL, cniVersion: "1.0.0" });
  });

  test.for(["0.3.1", "0.4.0"])(
    "%s labels addresses, drops what interfaces had not, keeps what routes have",
    (cniVersion) => {
      const converted = convertResult(FULL, "1.1.0", cniVersion);
      expect(converted).toEqual({
        ...FULL,
        cniVersion,
        interfaces: [
          { name: "cni0", mac: "0a:00:00:00:00:01" },
          { name: "eth0", mac: "0a:00:00:00:00:02", sandbox: "/run/netns/x", vendor: 1 },
        ],
        ips: [
          { version: "4", interface: 1, address: "10.1.0.7/24", gateway: "10.1.0.1" },
          { version: "6", address: "2001:db8::7/64" },
        ],
      });
    },
  );

  test("from 0.4.0 the label goes", () => {
    const old = { cniVersion: "0.4.0", ips: [{ version: "4", address: "10.1.0.7/24" }] };
    expect(convertResult(old, "0.4.0", "1.1.0")).toEqual({ cniVersion: "1.1.0", ips: [{ address: "10.1.0.7/24" }] });
  });

  test("any result reads back as it was written", () => {
    fc.assert(
      fc.property(anyResult, (result) => {
        const written = JSON.parse(JSON.stringify(formatResult(result, "1.1.0"))) as JsonValue;
        expect(parseResult(written, "")).toEqual({ cniVersion: "1.1.0", result });
      }),
    );
  });
});

describe("parseResult", () => {
  test.for([null, {}])("%j is an empty result", (value) => {
    expect(parseResult(value, "1.0.0")).toEqual({ cniVersion: "1.0.0", result: EMPTY_RESULT });
  });

  test("a missing or empty version is the configuration's", () => {
    expect(parseResult({ cniVersion: "" }, "0.4.0").cniVersion).toBe("0.4.0");
    expect(parseResult({ cniVersion: "1.1.0" }, "0.4.0").cniVersion).toBe("1.1.0");
  });

  test("interface -1, null lists and an empty dns are tolerated", () => {
    const { result } = parseResult(
      { interfaces: null, routes: null, dns: {}, ips: [{ address: "10.1.0.7/24", interface: -1 }] },
      "1.0.0",
    );
    expect(result.ips[0]?.interfaceIndex).toBeUndefined();
    expect(result.dns).toEqual({ nameservers: [], domain: undefined, search: [], options: [] });
    expect(formatResult(result, "1.0.0")).toEqual({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.7/24" }] });
  });

  test("table 0 and scope 0 are not absent", () => {
    const { result } = parseResult({ routes: [{ dst: "::/0", table: 0, scope: 0 }, { dst: "::/0" }] }, "1.1.0");
    expect(result.routes.map(({ table, scope }) => [table, scope])).toEqual([
      [0, 0],
      [undefined, undefined],
    ]);
  });

  test("keys match whatever their case", () => {
    expect(parseResult({ IPs: [{ Address: "10.1.0.7/24" }] }, "1.0.0").result.ips).toHaveLength(1);
  });

  test("a hardware address of another length stays as it is", () => {
    const value = { cniVersion: "1.0.0", interfaces: [{ name: "ib0", mac: "00:01:02:03:04:05:06:07" }] };
    expect(convertResult(value, "1.0.0", "1.0.0")).toEqual(value);
  });

  test.for<{ why: string; value: JsonValue }>([
    { why: "a list", value: [] },
    { why: "an address without a prefix length", value: { ips: [{ address: "10.1.0.7" }] } },
    { why: "no address", value: { ips: [{}] } },
    { why: "a gateway that is none", value: { ips: [{ address: "10.1.0.7/24", gateway: "x" }] } },
    { why: "an index that is a text", value: { ips: [{ address: "10.1.0.7/24", interface: "0" }] } },
    { why: "a route without a destination", value: { routes: [{ gw: "10.1.0.1" }] } },
    { why: "a table that is no number of 32 bits", value: { routes: [{ dst: "::/0", table: 4_294_967_296 }] } },
    { why: "interfaces that are no list", value: { interfaces: {} } },
  ])("refuses with code 6: $why", ({ value }) => {
    expect(() => parseResult(value, "1.0.0")).toThrow(expect.objectContaining({ code: 6 }));
  });

  test("a version that nobody knows yet is read as the newest", () => {
    const value = { cniVersion: "2.0.0", ips: [{ address: "10.1.0.7/24" }] };
    expect(parseResult(value, "0.4.0")).toMatchObject({ cniVersion: "2.0.0", result: { ips: [{}] } });
    expect(convertResult(value, "0.4.0", "0.3.0")).toEqual({
      cniVersion: "0.3.0",
      ips: [{ version: "4", address: "10.1.0.7/24" }],
    });
  });

  test.for(["v1.0.0", "latest", "1.1.0-dev", "1.0.0.0"])("a version %j is code 6", (cniVersion) => {
    expect(() => parseResult({ cniVersion }, "1.0.0")).toThrow(expect.objectContaining({ code: 6 }));
  });
});

describe("results of IPAM plugins", () => {
  test.for(["0.3.0", "0.4.0", "1.0.0"])("interfaces are kept in %s", (cniVersion) => {
    const version = cniVersion === "1.0.0" ? {} : { version: "4" };
    const value = { cniVersion, interfaces: [{ name: "uplink" }], ips: [{ ...version, address: "10.1.0.7/24" }] };
    const result = parseAddressResult(value, cniVersion);
    expect(result).not.toHaveProperty("interfaces");
    expect(formatAddressResult(result, cniVersion)).toEqual(value);
  });

  test("0.2.0 has its addresses by family", () => {
    const value = { cniVersion: "0.2.0", ip4: { ip: "10.1.0.7/24", gateway: "10.1.0.1" }, dns: { domain: "a.b" } };
    const result = parseAddressResult(value, "0.2.0");
    expect(result.ips).toHaveLength(1);
    expect(formatAddressResult(result, "0.2.0")).toEqual(value);
    expect(formatAddressResult(result, "1.0.0")).toEqual({
      cniVersion: "1.0.0",
      ips: [{ address: "10.1.0.7/24", gateway: "10.1.0.1" }],
      dns: { domain: "a.b" },
    });
  });
});

describe("formatPreviousResult", () => {
  test.for([
    ["0.1.0", "0.3.0"],
    ["0.2.0", "0.3.0"],
    ["0.3.0", "0.3.0"],
    ["1.1.0", "1.1.0"],
  ] as const)("a result without an address for %s is written in %s", ([asked, cniVersion]) => {
    expect(formatPreviousResult(EMPTY_RESULT, asked)).toEqual({ cniVersion });
  });
});

describe("extensions", () => {
  test.for(["", "nonsense", "[]", "1", "null"])("%j is left out", (extensions) => {
    expect(formatResult({ ...EMPTY_RESULT, extensions }, "1.0.0")).toEqual({ cniVersion: "1.0.0" });
  });

  test("overwrite no known key", () => {
    const extensions = '{"CNIVERSION":"9","ips":[],"x":1}';
    expect(formatResult({ ...EMPTY_RESULT, extensions }, "1.0.0")).toEqual({ cniVersion: "1.0.0", x: 1 });
  });
});
