import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beyondManifest,
  capabilitiesCover,
  describeGrant,
  difference,
  offerGrant,
} from "../../host/grants/arithmetic.ts";
import { CAPABILITY_NAMES, capabilityOf } from "../../host/grants/capabilities/index.ts";
import { decide } from "../../host/grants/decide.ts";
import { DEFAULT_LIMITS, parseManifest } from "../../host/grants/grant.ts";
import { ALL, FACTS, anyCapabilities, anyOperation, anyScope, scopes } from "./scenes.ts";

const MANIFEST = { manifestVersion: 1, type: "bridge", version: "1.2.3", exports: ["attachment"], capabilities: {} };
const grantOf = (capabilities: Readonly<Record<string, unknown>>, change: object = {}): ReturnType<typeof offerGrant> =>
  offerGrant(parseManifest({ ...MANIFEST, capabilities, ...change }));

describe.for(CAPABILITY_NAMES)("covers of %s", (name) => {
  const { covers } = capabilityOf(name);
  const any = anyScope(name);

  test("is reflexive", () => {
    fc.assert(fc.property(any, (scope) => covers(scope, scope)));
  });

  test("is transitive", () => {
    // Many at once: three by chance rarely cover each other.
    fc.assert(
      fc.property(fc.array(any, { minLength: 10, maxLength: 16 }), (scopesOfName) => {
        for (const a of scopesOfName) {
          for (const b of scopesOfName.filter((each) => covers(a, each))) {
            for (const c of scopesOfName.filter((each) => covers(b, each))) expect(covers(a, c)).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("capabilitiesCover", () => {
  test("what is covered allows nothing more", () => {
    fc.assert(
      fc.property(anyCapabilities, anyCapabilities, anyOperation, (wider, narrower, [operation, args]) => {
        // Narrowed by hand: two grants by chance rarely cover each other.
        const covered = CAPABILITY_NAMES.filter((name) => capabilitiesCover(wider, { [name]: narrower[name] }));
        const kept = Object.fromEntries(covered.map((name) => [name, narrower[name]]));
        expect(capabilitiesCover(wider, kept)).toBe(true);
        if (decide({ capabilities: kept }, FACTS, operation, args).allowed) {
          expect(decide({ capabilities: wider }, FACTS, operation, args).allowed).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("nothing is covered by everything, and covers nothing", () => {
    expect(capabilitiesCover(ALL, {})).toBe(true);
    expect(capabilitiesCover({}, ALL)).toBe(false);
  });
});

describe("offerGrant", () => {
  test("is what the manifest asks for, with every limit", () => {
    const manifest = parseManifest({ ...MANIFEST, capabilities: { log: {}, ipam: {} }, limits: { deadlineMs: 5 } });
    expect(offerGrant(manifest)).toEqual({
      version: 1,
      type: "bridge",
      pluginVersion: "1.2.3",
      exports: ["attachment"],
      capabilities: { log: {}, ipam: { types: [{ configuration: "/ipam/type" }] } },
      wasi: false,
      early: false,
      limits: { ...DEFAULT_LIMITS, deadlineMs: 5 },
      cniVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
    });
  });

  test("says whether the plugin may be run early, as the manifest does", () => {
    expect(grantOf({}, { early: true }).early).toBe(true);
  });

  test("offers no link that others made, and stays within the manifest", () => {
    const manifest = parseManifest({
      ...MANIFEST,
      capabilities: { "node-links": { bridges: ["br0"], adopt: ["br0"] } },
    });
    const offered = offerGrant(manifest);
    expect(offered.capabilities["node-links"]).toEqual({ bridges: ["br0"], adopt: [], read: [] });
    expect(beyondManifest(manifest, offered)).toEqual([]);
  });
});

test("beyondManifest names what the manifest does not ask for", () => {
  const manifest = parseManifest({ ...MANIFEST, capabilities: { "node-links": { bridges: ["br0"] } } });
  const grant = { capabilities: scopes({ "node-links": { bridges: ["br1"] }, log: {} }), wasi: true };
  expect(beyondManifest(manifest, grant)).toEqual([
    'node-links: bridges of the node: "br1"',
    "log: writes lines to the log of its call",
    "wasi: not asked for",
  ]);
});

describe("difference", () => {
  test("of a grant and itself is none", () => {
    expect(difference(grantOf({ log: {} }), grantOf({ log: {} }))).toEqual([]);
  });

  test("sorts by gravity", () => {
    const old = grantOf(
      { log: {}, "node-links": { bridges: ["br0"] }, leases: { subnets: ["10.0.0.0/8"] } },
      { limits: { deadlineMs: 10 } },
    );
    const next = grantOf(
      { clock: {}, "node-links": { bridges: ["br0", "br1"] }, leases: { subnets: ["10.1.0.0/16"] } },
      { limits: { deadlineMs: 20 }, wasi: true },
    );
    expect(difference(old, next).map(({ severity, subject }) => [severity, subject])).toEqual([
      ["added", "clock"],
      ["added", "wasi"],
      ["widened", "node-links"],
      ["widened", "limits.deadlineMs"],
      ["narrowed", "leases"],
      ["removed", "log"],
    ]);
  });

  test("says what was and what is", () => {
    expect(
      difference(grantOf({ "node-links": { bridges: ["br0"] } }), grantOf({ "node-links": { bridges: ["br1"] } })),
    ).toEqual([
      {
        severity: "widened",
        subject: "node-links",
        before: ['bridges of the node: "br0"'],
        after: ['bridges of the node: "br1"'],
      },
    ]);
  });

  test("of nothing and a grant is all of it, added", () => {
    expect(difference(undefined, grantOf({ log: {}, clock: {} })).map(({ severity }) => severity)).toEqual([
      "added",
      "added",
    ]);
  });

  test("exports may widen", () => {
    const changes = difference(grantOf({}), grantOf({}, { exports: ["attachment", "validate"] }));
    expect(changes).toMatchObject([{ severity: "widened", subject: "exports" }]);
  });
});

test("describeGrant says a line for each scope", () => {
  expect(describeGrant({ capabilities: ALL, wasi: true })).toMatchInlineSnapshot(`
    [
      "container-links: links of the container: the call's own link",
      "container-links: makes the call's own link, of kind veth",
      "container-links: sets links up",
      "container-addresses: puts the addresses that IPAM gave on links of the container: the call's own link",
      "container-routes: adds routes of the container, in table 254 (the main one), over links: the call's own link",
      "container-rules: chooses the routing table for packets from the attachment's addresses, among tables: 100 to 300 without 253 to 255, what the network's configuration names at /table",
      "container-link-attributes: changes mtu, mac of links of the container: the call's own link",
      "container-sysctls: settings of the container: net.ipv4.conf.IFNAME.**; net.core.somaxconn, one of ["500","600"]",
      "container-sysctls: of those only what the network's configuration sets at /sysctl or /args/cni/sysctl",
      "node-links: bridges of the node: what the network's configuration names at /bridge, else "cni0"",
      "node-addresses: puts gateway addresses on links of the node: what the network's configuration names at /bridge, else "cni0"",
      "node-addresses: replaces addresses that are in the way, where the configuration has true at /forceAddress",
      "node-routes: routes the addresses that IPAM gave over links of the node that this attachment made",
      "node-forwarding: makes the node forward packets: ipv4",
      "masquerade: masquerades the addresses that IPAM gave, by nftables",
      "forward-rules: has the node forward for the addresses that were given, by nftables",
      "forward-rules: isolates the bridge that the container is on: what the network's configuration names at /ingressPolicy, one of ["same-bridge","isolated"]",
      "host-ports: publishes ports of the node: 8000 to 8080, by nftables",
      "host-ports: hides who asks a published port: where the configuration says so at /masqAll",
      "shaping: limits how fast the container's link sends and receives: 1000000 to 100000000 bits per second; as the network's configuration or the runtime asks for",
      "conntrack: has the node forget flows to ports that the attachment has published",
      "spoof-guard: drops what the container sends under another hardware address, on links that this attachment made",
      "leases: reserves addresses of its network in subnets: what the network's configuration names at /ipam/subnet; what the network's configuration names at /ipam/ranges/*/*/subnet; what the runtime supplies at /ipRanges/*/*/subnet; "192.0.2.0/24"",
      "ipam: calls the IPAM plugin: what the network's configuration names at /ipam/type",
      "resolver-file: reads resolver settings of: what the network's configuration names at /ipam/resolvConf",
      "log: writes lines to the log of its call",
      "clock: reads the time of day",
      "random: takes random bytes",
      "wasi: a standard library without files, sockets or environment",
    ]
  `);
});

test("describeGrant says that a plugin without bridges reads its own links", () => {
  expect(describeGrant(grantOf({ "node-links": {} }))).toEqual([
    "node-links: reads links of the node that this attachment made",
  ]);
});
