import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";
import { describe, expect, test } from "vitest";

import { createTuning, type TuningImports } from "../../guests/tuning/tuning.ts";
import { type Call, failing, failureOf, record, withBatch } from "./fakes.ts";
import { CONTAINER, NETNS, requestOf, runtimeConfigOf } from "./requests.ts";

const LINK: LinkInfo = {
  name: "eth0",
  index: 2,
  kind: "veth",
  mac: [2, 0, 0, 0, 0, 1],
  mtuBytes: 1500,
  up: true,
  operationalState: "up",
  promiscuous: false,
  allMulticast: false,
  transmitQueueLength: 1000,
};
const PREVIOUS: AttachmentResult = {
  interfaces: [{ name: "cni0" }, { name: "eth0", mac: [2, 0, 0, 0, 0, 1], sandbox: NETNS }],
  ips: [],
  routes: [],
};
const MAC = [2, 0, 0, 0, 0, 9];

interface Changes {
  readonly link?: Partial<LinkInfo>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly set?: () => never;
  readonly change?: () => never;
  readonly restore?: () => never;
}

function tuningWith({ link, settings = {}, set, change, restore }: Changes = {}) {
  const calls: Call[] = [];
  const now = { ...LINK, ...link };
  const imports: Omit<TuningImports, "batch"> = {
    linkAttributes: { set: change ?? (() => now), restore: restore ?? (() => undefined) },
    links: { get: () => now },
    sysctls: {
      set: set ?? (() => undefined),
      get: (_container, names) => names.map((name) => ({ name, value: settings[name] ?? "" })),
    },
  };
  return { calls, plugin: createTuning(withBatch(record(imports, calls))) };
}

const requested = (configuration: object, rest: Partial<Request> = {}): Request =>
  requestOf(configuration, { previousResult: PREVIOUS, ...rest });

/** What ADD asks for. */
function asked(configuration: object, rest: Partial<Request> = {}): readonly Call[] {
  const { calls, plugin } = tuningWith();
  plugin.add(requested(configuration, rest), CONTAINER);
  return calls.map(([name, _container, ...args]) => [name, ...args]);
}

const setting = (name: string, value: string): Call => ["sysctls.set", [{ name, value }]];
const changed = (changes: object): Call => ["linkAttributes.set", "eth0", expect.objectContaining(changes)];

describe("ADD", () => {
  test("asks for nothing where nothing is configured, and gives the previous result back as it is", () => {
    const { calls, plugin } = tuningWith();
    expect(plugin.add(requested({ dataDir: "/run/x", promisc: false, mtu: 0 }), CONTAINER)).toBe(PREVIOUS);
    expect(calls).toEqual([]);
  });

  test("needs a previous result", () => {
    const { plugin, calls } = tuningWith();
    const failure = failureOf(() => plugin.add(requestOf({ mtu: 1400 }), CONTAINER));
    expect(failure).toMatchObject({ code: 7, message: expect.stringContaining("prevResult") as unknown });
    expect(calls).toEqual([]);
  });

  test.for([
    { key: "net.core.somaxconn", name: "net.core.somaxconn" },
    { key: "net.ipv4.conf.IFNAME.arp_filter", name: "net.ipv4.conf.eth0.arp_filter" },
    { key: "net/ipv4/conf/IFNAME/arp_filter", name: "net.ipv4.conf.eth0.arp_filter" },
    { key: "net.ipv4.conf.IFNAME.arp_filter", ifname: "eth0.7", name: "net.ipv4.conf.eth0/7.arp_filter" },
    { key: "net.IFNAME.IFNAME", ifname: "$&", name: "net.$&.IFNAME" },
  ])("takes $key for $name", ({ key, ifname = "eth0", name }) => {
    expect(asked({ sysctl: { [key]: "1" } }, { ifname })).toEqual([setting(name, "1")]);
  });

  test("writes settings before it changes the link, those of args.cni in place of the plugin's own", () => {
    const sysctl = { "net.core.somaxconn": "500", "net.core.optmem_max": "1" };
    const args = { cni: { sysctl: { "net.core.somaxconn": "600", "net.ipv4.ip_default_ttl": "9" } } };
    expect(asked({ sysctl, args, mtu: 1400 })).toEqual([
      setting("net.core.somaxconn", "600"),
      setting("net.core.optmem_max", "1"),
      setting("net.ipv4.ip_default_ttl", "9"),
      changed({ mtuBytes: 1400 }),
    ]);
  });

  test("takes settings of args.cni alone", () => {
    expect(asked({ args: { cni: { sysctl: { "net.core.somaxconn": "600" } } } })).toEqual([
      setting("net.core.somaxconn", "600"),
    ]);
  });

  test("changes every attribute in one go, those of args.cni in place of the plugin's own", () => {
    const own = { mac: "02:00:00:00:00:01", promisc: true, mtu: 1400, allmulti: true, txQLen: 5 };
    const cni = { mac: "02:00:00:00:00:09", mtu: 1300, allmulti: false, txQLen: 0 };
    const changes = { mac: MAC, promiscuous: true, mtuBytes: 1300, allMulticast: false, transmitQueueLength: 0 };
    expect(asked({ ...own, args: { cni } })).toEqual([changed(changes)]);
  });

  test.for([
    { title: "its own", sources: {}, last: 1 },
    { title: "CNI_ARGS", sources: { args: true }, last: 2 },
    { title: "the capability argument", sources: { args: true, runtime: true }, last: 3 },
    { title: "args.cni", sources: { args: true, runtime: true, cni: true }, last: 4 },
  ])("takes the hardware address of $title", ({ sources: { args, runtime, cni }, last }) => {
    const rest: Partial<Request> = {
      ...(args === true ? { args: [{ name: "MAC", value: "02:00:00:00:00:02" }] } : {}),
      ...(runtime === true ? { runtimeConfig: runtimeConfigOf({ mac: [2, 0, 0, 0, 0, 3] }) } : {}),
    };
    const own = { mac: "02:00:00:00:00:01", ...(cni === true ? { args: { cni: { mac: "02:00:00:00:00:04" } } } : {}) };
    expect(asked(own, rest)).toEqual([changed({ mac: [2, 0, 0, 0, 0, last] })]);
  });

  test("puts hardware address and MTU into the result, for links of that name", () => {
    const { plugin } = tuningWith();
    const { interfaces } = plugin.add(requested({ mac: "02:00:00:00:00:09", mtu: 1400 }), CONTAINER);
    expect(interfaces).toEqual([{ name: "cni0" }, { name: "eth0", mac: MAC, sandbox: NETNS, mtuBytes: 1400 }]);
  });

  test("leaves the MTU out of a result that has no room for it", () => {
    const { plugin } = tuningWith();
    expect(plugin.add(requested({ mtu: 1400 }, { cniVersion: "1.0.0" }), CONTAINER)).toBe(PREVIOUS);
  });

  test.for(["/sysctl/net.core.somaxconn", "/Sysctl/net.core.somaxconn", "/args/cni/sysctl/net.core.somaxconn"])(
    "refuses a setting that is there twice: %s",
    (pointer) => {
      const { plugin, calls } = tuningWith();
      const twice = { sysctl: { "net.core.somaxconn": "1" }, "cnidaria.dev/duplicates": ["/mtu", pointer] };
      for (const verb of [plugin.add, plugin.check])
        expect(failureOf(() => verb(requested(twice), CONTAINER))).toMatchObject({
          code: 7,
          message: expect.stringContaining("duplicated") as unknown,
        });
      expect(calls).toEqual([]);
    },
  );

  test("takes another field that is there twice, as the reference does", () => {
    expect(asked({ mtu: 1400, "cnidaria.dev/duplicates": ["/mtu"] })).toEqual([changed({ mtuBytes: 1400 })]);
  });

  test("names the setting, or the attributes, that could not be changed", () => {
    const sysctl = { "net.ipv4.conf.IFNAME.arp_filter": "x" };
    expect(
      failureOf(() => tuningWith({ set: failing("invalid-argument") }).plugin.add(requested({ sysctl }), CONTAINER)),
    ).toMatchObject({ code: 7, message: 'cannot set "net.ipv4.conf.IFNAME.arp_filter" to "x": invalid-argument' });
    expect(
      failureOf(() => tuningWith({ change: failing("not-permitted") }).plugin.add(requested({ mtu: 9 }), CONTAINER)),
    ).toMatchObject({ code: 101, message: 'cannot change mtuBytes of link "eth0": not-permitted' });
  });
});

describe("DEL", () => {
  test("has the link restored, whatever is configured", () => {
    const { calls, plugin } = tuningWith();
    plugin.del(requested({ mtu: "nonsense" }), CONTAINER);
    expect(calls).toEqual([["linkAttributes.restore", CONTAINER, "eth0"]]);
  });

  test("asks nothing without a namespace", () => {
    const { calls, plugin } = tuningWith();
    plugin.del(requested({}, { netns: "" }), CONTAINER);
    expect(calls).toEqual([]);
  });

  test.for(["not-found", "no-namespace", "not-permitted"])("succeeds where the host answers %s", (error) => {
    const { plugin } = tuningWith({ restore: failing(error) });
    expect(() => plugin.del(requested({}), CONTAINER)).not.toThrow();
  });
});

describe("CHECK", () => {
  const ALL = {
    mac: "02:00:00:00:00:01",
    promisc: false,
    mtu: 1500,
    allmulti: false,
    txQLen: 1000,
    sysctl: { "net.core.somaxconn": "500", "net.ipv4.tcp_rmem": "1 2 3" },
  };
  const settings = { "net.core.somaxconn": "500", "net.ipv4.tcp_rmem": "1\t2\t3" };

  test("passes what is as it is configured", () => {
    expect(() => tuningWith({ settings }).plugin.check(requested(ALL), CONTAINER)).not.toThrow();
  });

  test.for([
    { why: "sysctl", changes: { settings: { ...settings, "net.core.somaxconn": "4096" } } },
    { why: "hardware address", changes: { settings, link: { mac: [2, 0, 0, 0, 0, 2] } as Partial<LinkInfo> } },
    { why: "hardware address", changes: { settings, link: { mac: undefined } } },
    { why: "promisc", changes: { settings, link: { promiscuous: true } } },
    { why: "mtu", changes: { settings, link: { mtuBytes: 1400 } } },
    { why: "allmulti", changes: { settings, link: { allMulticast: true } } },
    { why: "txQLen", changes: { settings, link: { transmitQueueLength: 5 } } },
  ])("finds another $why", ({ why, changes }) => {
    const failure = failureOf(() => tuningWith(changes).plugin.check(requested(ALL), CONTAINER));
    expect(failure.code).toBe(999);
    expect(failure.message).toContain(why === "sysctl" ? "net.core.somaxconn" : why);
  });

  test("lets what is not configured be as it likes", () => {
    const { calls, plugin } = tuningWith({ link: { promiscuous: true, mtuBytes: 9 } });
    plugin.check(requested({}), CONTAINER);
    expect(calls).toEqual([]);
    expect(() => plugin.check(requested({ txQLen: 1000 }), CONTAINER)).not.toThrow();
  });
});
