import { describe, expect, test } from "vitest";

import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import { createFirewall, type FirewallImports } from "../../guests/firewall/firewall.ts";
import { type Call, failing, failureOf, record, withBatch } from "./fakes.ts";
import { cidr, ip, requestOf } from "./requests.ts";

const RESULT: AttachmentResult = {
  interfaces: [{ name: "cni0" }, { name: "veth1" }, { name: "eth0", sandbox: "/var/run/netns/one" }],
  ips: [cidr("10.1.0.2/24"), cidr("2001:db8::2/64"), cidr("10.1.0.2/16")].map((address) => ({
    address,
    interfaceIndex: 2,
  })),
  routes: [],
};
const ADDRESSES = [ip("10.1.0.2"), ip("2001:db8::2")];

type Changes = Partial<FirewallImports["forwardRules"]>;

function firewallWith(changes: Changes = {}) {
  const calls: Call[] = [];
  const imports = {
    forwardRules: {
      allow: () => undefined,
      list: () => ADDRESSES,
      remove: () => undefined,
      isolate: () => undefined,
      isolationOf: () => "open",
      obstacles: () => [],
      ...changes,
    },
    log: { write: () => undefined },
  };
  const plugin = createFirewall(withBatch(record(imports, calls)) as unknown as FirewallImports);
  return { calls, plugin };
}

const request = (configuration: object = {}, previousResult: AttachmentResult | null = RESULT): Request =>
  requestOf(configuration, previousResult === null ? {} : { previousResult });

describe("ADD", () => {
  test("has every address of the result forwarded, each once, and gives the result back", () => {
    const { calls, plugin } = firewallWith();
    expect(plugin.add(request())).toBe(RESULT);
    expect(calls).toEqual([["forwardRules.allow", ADDRESSES, undefined, "trusted"], ["forwardRules.obstacles"]]);
  });

  test.for(["iptables", "nftables", "iptables-nft", "iptables-legacy"])("has %s keep the rules", (backend) => {
    const { calls, plugin } = firewallWith();
    plugin.add(request({ backend, ingressPolicy: "isolated" }));
    expect(calls).toContainEqual(["forwardRules.allow", ADDRESSES, backend, undefined]);
    expect(calls).toContainEqual(["forwardRules.isolate", "cni0", "isolated", backend]);
  });

  test.for(["", "pf", null])("leaves to the node what keeps the rules, with %j for backend", (backend) => {
    const { calls, plugin } = firewallWith();
    plugin.add(request({ backend }));
    expect(calls[0]).toEqual(["forwardRules.allow", ADDRESSES, undefined, "trusted"]);
  });

  test("has firewalld forward when it is named, in the zone that is named, and something else isolate", () => {
    const { calls, plugin } = firewallWith();
    plugin.add(request({ backend: "firewalld", firewalldZone: "work", ingressPolicy: "same-bridge" }));
    expect(calls).toContainEqual(["forwardRules.allow", ADDRESSES, "firewalld", "work"]);
    expect(calls).toContainEqual(["forwardRules.isolate", "cni0", "same-bridge", undefined]);
  });

  test.for(["same-bridge", "isolated"])("isolates the bridge of the result: %s", (ingressPolicy) => {
    const { calls, plugin } = firewallWith();
    plugin.add(request({ ingressPolicy }));
    expect(calls).toContainEqual(["forwardRules.isolate", "cni0", ingressPolicy, undefined]);
  });

  test.for(["", "open", null])("isolates nothing for %j", (ingressPolicy) => {
    const { calls, plugin } = firewallWith({ isolate: failing("not-permitted") });
    plugin.add(request({ ingressPolicy }));
    expect(calls.map(([name]) => name)).not.toContain("forwardRules.isolate");
  });

  test("makes no rule when the result has no addresses", () => {
    const { calls, plugin } = firewallWith();
    const bare = { ...RESULT, ips: [] };
    expect(plugin.add(request({ ingressPolicy: "isolated" }, bare))).toBe(bare);
    expect(calls).toEqual([]);
  });

  test("says where the node drops what is forwarded", () => {
    const { calls, plugin } = firewallWith({ obstacles: () => ["ip filter FORWARD"] });
    plugin.add(request());
    expect(calls).toContainEqual(["log.write", "warn", expect.stringContaining("ip filter FORWARD drops")]);
  });

  test.for([
    { why: "a zone of another type", configuration: { firewalldZone: 1 }, code: 6, names: "firewalldZone" },
    {
      why: "a chain of the administrator's",
      configuration: { iptablesAdminChainName: "CNI-ADMIN" },
      code: 2,
      names: "iptablesAdminChainName",
    },
    { why: "a policy that is none", configuration: { ingressPolicy: "closed" }, code: 7, names: "ingressPolicy" },
    { why: "a policy of another type", configuration: { ingressPolicy: true }, code: 6, names: "ingressPolicy" },
    { why: "a backend of another type", configuration: { backend: 1 }, code: 6, names: "backend" },
  ])("refuses $why by name, before anything is done", ({ configuration, code, names }) => {
    const { calls, plugin } = firewallWith();
    expect(failureOf(() => plugin.add(request(configuration)))).toMatchObject({
      code,
      message: expect.stringContaining(names),
    });
    expect(calls).toEqual([]);
  });

  test("needs a result, and for isolation a bridge in it", () => {
    const { plugin } = firewallWith();
    expect(failureOf(() => plugin.add(request({}, null)))).toMatchObject({
      code: 7,
      message: expect.stringContaining("prevResult is missing"),
    });
    for (const interfaces of [[], [{ name: "eth0", sandbox: "/var/run/netns/one" }]])
      expect(
        failureOf(() => plugin.add(request({ ingressPolicy: "isolated" }, { ...RESULT, interfaces }))),
      ).toMatchObject({ code: 7, message: expect.stringContaining("needs a bridge") });
  });

  test("names what cannot be done", () => {
    const { plugin } = firewallWith({ allow: failing("conflict") });
    expect(failureOf(() => plugin.add(request())).message).toBe(
      "cannot have 10.1.0.2, 2001:db8::2 forwarded: conflict",
    );
    const other = firewallWith({ isolate: failing("conflict") });
    expect(failureOf(() => other.plugin.add(request({ ingressPolicy: "isolated" }))).message).toBe(
      'cannot isolate bridge "cni0": conflict',
    );
  });
});

describe("DEL", () => {
  test("removes what there is, whatever configuration and result are", () => {
    const { calls, plugin } = firewallWith();
    plugin.del(request({ backend: "firewalld", ingressPolicy: 5 }, null));
    expect(calls).toEqual([["forwardRules.remove"]]);
  });

  test("succeeds without a packet filter, and reports any other failure", () => {
    expect(() => firewallWith({ remove: failing("unsupported") }).plugin.del(request())).not.toThrow();
    const { plugin } = firewallWith({ remove: failing("not-permitted") });
    expect(failureOf(() => plugin.del(request())).message).toBe("cannot stop forwarding: not-permitted");
  });
});

describe("CHECK", () => {
  test("passes what ADD made, and changes nothing", () => {
    const { calls, plugin } = firewallWith({ isolationOf: () => "isolated" });
    plugin.check(request({ ingressPolicy: "isolated" }));
    expect(calls.map(([name]) => name)).toEqual([
      "forwardRules.list",
      "forwardRules.isolationOf",
      "forwardRules.obstacles",
    ]);
  });

  test("names an address that is not forwarded, and a bridge that is not isolated as it should be", () => {
    const { plugin } = firewallWith({ list: () => [ip("10.1.0.2")] });
    expect(failureOf(() => plugin.check(request()))).toMatchObject({
      code: 999,
      message: "2001:db8::2 is not forwarded",
    });
    const other = firewallWith();
    expect(failureOf(() => other.plugin.check(request({ ingressPolicy: "same-bridge" })))).toMatchObject({
      code: 999,
      message: 'bridge "cni0" is "open", want "same-bridge"',
    });
  });

  test("passes without addresses, and needs a result", () => {
    const { calls, plugin } = firewallWith({ list: () => [] });
    plugin.check(request({}, { ...RESULT, ips: [] }));
    expect(calls).toEqual([]);
    expect(failureOf(() => plugin.check(request({}, null)))).toMatchObject({ code: 7 });
  });
});
