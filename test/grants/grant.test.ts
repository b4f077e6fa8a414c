import { describe, expect, test } from "vitest";
import { parseGrant, parseManifest } from "../../host/grants/grant.ts";

const MANIFEST = {
  manifestVersion: 1,
  type: "bridge",
  version: "1.0.0",
  exports: ["attachment"],
  capabilities: { log: {} },
};
const GRANT = {
  version: 1,
  type: "bridge",
  digest: `sha256:${"0a".repeat(32)}`,
  pluginVersion: "1.0.0",
  exports: ["attachment"],
  capabilities: { "container-addresses": { from: "ipam" } },
  wasi: false,
  limits: { memoryBytes: 1, deadlineMs: 1, hostCalls: 0, logBytes: 0, resultBytes: 1 },
  cniVersions: ["1.0.0"],
  transpiled: { key: "k", files: { "a.js": "00".repeat(32) } },
  grantedAt: "2026-01-01T00:00:00Z",
};

describe("parseManifest", () => {
  test("fills in what is not said", () => {
    expect(parseManifest(MANIFEST)).toMatchObject({
      description: "",
      wasi: false,
      early: false,
      limits: {},
      cniVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
    });
  });

  test.for<{ readonly why: string; readonly value: unknown }>([
    { why: "nothing", value: undefined },
    { why: "another version of the form", value: { ...MANIFEST, manifestVersion: 2 } },
    { why: "an unknown field", value: { ...MANIFEST, extra: 1 } },
    { why: "an unknown capability", value: { ...MANIFEST, capabilities: { everything: {} } } },
    { why: "a capability that is on every object", value: { ...MANIFEST, capabilities: { constructor: {} } } },
    { why: "an unknown field in a scope", value: { ...MANIFEST, capabilities: { log: { level: "debug" } } } },
    { why: "an unknown kind of link", value: { ...MANIFEST, capabilities: { "container-links": { kinds: ["any"] } } } },
    {
      why: "a pointer that is none",
      value: { ...MANIFEST, capabilities: { "node-links": { bridges: [{ configuration: "bridge" }] } } },
    },
    { why: "a subnet that is none", value: { ...MANIFEST, capabilities: { leases: { subnets: ["10.1.0.0"] } } } },
    ...[
      { "container-rules": { tables: [{ first: 300, last: 100 }] } },
      { "host-ports": { ports: [{ first: 9000, last: 8000 }] } },
      { shaping: { rates: [{ minimumBitsPerSecond: 9000, maximumBitsPerSecond: 8000 }] } },
    ].map((capabilities) => ({ why: "a range that ends before it begins", value: { ...MANIFEST, capabilities } })),
    { why: "no verbs", value: { ...MANIFEST, exports: ["validate"] } },
    { why: "an unknown export", value: { ...MANIFEST, exports: ["attachment", "run"] } },
    { why: "a type that is a path", value: { ...MANIFEST, type: "../bridge" } },
    { why: "a limit of 0 bytes of memory", value: { ...MANIFEST, limits: { memoryBytes: 0 } } },
  ])("refuses with code 104: $why", ({ value }) => {
    expect(() => parseManifest(value)).toThrow(expect.objectContaining({ kind: "componentRejected", code: 104 }));
  });
});

describe("parseGrant", () => {
  test("reads back what it has filled in", () => {
    const grant = parseGrant(GRANT);
    expect(grant.capabilities["container-addresses"]).toEqual({ from: "ipam", links: [{ call: "ifname" }] });
    expect(parseGrant(JSON.parse(JSON.stringify(grant)))).toEqual(grant);
  });

  test("takes a plugin for one that waits until it is asked, where nothing is said", () => {
    expect(parseGrant(GRANT).early).toBe(false);
    expect(parseGrant({ ...GRANT, early: true }).early).toBe(true);
  });

  test.for<{ readonly why: string; readonly value: unknown }>([
    { why: "no limits", value: { ...GRANT, limits: {} } },
    { why: "a digest in upper case", value: { ...GRANT, digest: `sha256:${"0A".repeat(32)}` } },
    { why: "a digest of another length", value: { ...GRANT, digest: "sha256:00" } },
    { why: "a file without a digest", value: { ...GRANT, transpiled: { key: "k", files: { "a.js": "x" } } } },
    { why: "an unknown field", value: { ...GRANT, everything: true } },
  ])("refuses with code 101: $why", ({ value }) => {
    expect(() => parseGrant(value)).toThrow(expect.objectContaining({ kind: "notPermitted", code: 101 }));
  });
});
