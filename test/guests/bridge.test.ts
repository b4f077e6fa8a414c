import { describe, expect, test } from "vitest";

import { argumentsOf, bridgeWith, DUAL_STACK, GIVEN, LINKS, namesOf } from "./bridge-fakes.ts";
import { failing, failingWith, failureOf } from "./fakes.ts";
import { cidr, CONTAINER, ip, NETNS, requestOf, runtimeConfigOf } from "./requests.ts";

const IPAM = { ipam: { type: "host-local" } };

describe("ADD without IPAM", () => {
  test("plugs the container in, and sets it up with a carrier", () => {
    const { calls, plugin } = bridgeWith();
    const result = plugin.add(requestOf({}), CONTAINER);
    expect(namesOf(calls)).toEqual([
      "nodeLinks.ensureBridge",
      "containerLinks.startVeth",
      "containerLinks.setUp",
      "containerLinks.startedVeth",
    ]);
    expect(argumentsOf(calls, "containerLinks.setUp")).toEqual([CONTAINER, "eth0", 2550]);
    expect(result).toMatchObject({ ips: [], routes: [] });
  });

  test("an empty IPAM type is none", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf({ ipam: { type: "" } }), CONTAINER);
    expect(namesOf(calls)).not.toContain("ipam.add");
  });

  test("disableContainerInterface leaves the link down and waits for nothing", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf({ disableContainerInterface: true }), CONTAINER);
    expect(namesOf(calls)).toEqual([
      "nodeLinks.ensureBridge",
      "containerLinks.startVeth",
      "containerLinks.startedVeth",
    ]);
  });
});

describe("ADD with addresses", () => {
  test("calls no more than it must, in the order of the reference plugin", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf({ ...IPAM, isDefaultGateway: true, ipMasq: true }), CONTAINER);
    expect(namesOf(calls)).toEqual([
      "nodeLinks.ensureBridge",
      "containerLinks.startVeth",
      "ipam.add",
      "containerAddresses.add",
      "containerLinks.setUp",
      "containerRoutes.add",
      "nodeAddresses.ensure",
      "nodeForwarding.enable",
      "masquerade.set",
      "containerLinks.startedVeth",
    ]);
  });

  test("tells why the link could not be made before what follows from that", () => {
    const { plugin } = bridgeWith(GIVEN, {
      containerLinks: { startedVeth: failing("already-exists") },
      containerAddresses: { add: failing("not-found") },
    });
    expect(failureOf(() => plugin.add(requestOf(IPAM), CONTAINER)).message).toContain("make link");
  });

  test("gives bridge, node's end and container's end, with their hardware addresses", () => {
    const { plugin } = bridgeWith();
    expect(plugin.add(requestOf({ ...IPAM, isGateway: true }), CONTAINER)).toMatchObject({
      interfaces: [
        { name: "cni0", mac: LINKS.bridge.mac },
        { name: LINKS.node.name, mac: LINKS.node.mac },
        { name: "eth0", mac: LINKS.container.mac, sandbox: NETNS },
      ],
      ips: [{ address: cidr("10.1.0.2/16"), gateway: ip("10.1.0.1"), interfaceIndex: 2 }],
    });
  });

  test("does both families", () => {
    const { calls, plugin } = bridgeWith(DUAL_STACK);
    const result = plugin.add(requestOf({ ...IPAM, isDefaultGateway: true, ipMasq: true }), CONTAINER);
    const addresses = [cidr("10.1.0.2/16"), cidr("2001:db8::2/64")];
    expect(argumentsOf(calls, "containerAddresses.add")).toEqual([CONTAINER, "eth0", addresses]);
    expect(argumentsOf(calls, "containerAddresses.settle")).toEqual([CONTAINER, "eth0", 5000]);
    expect(argumentsOf(calls, "nodeAddresses.ensure")).toEqual([
      "cni0",
      [cidr("10.1.0.1/16"), cidr("2001:db8::1/64")],
      false,
    ]);
    expect(calls.filter(([name]) => name === "nodeForwarding.enable").map(([, family]) => family)).toEqual([
      "ipv4",
      "ipv6",
    ]);
    expect(argumentsOf(calls, "masquerade.set")).toEqual([addresses, undefined]);
    expect(result.routes.map(({ destination }) => destination)).toEqual([cidr("0.0.0.0/0"), cidr("::/0")]);
  });

  test("adds routes beside others of the same destination", () => {
    const { calls, plugin } = bridgeWith({
      ...GIVEN,
      routes: [{ destination: cidr("192.168.0.0/16"), gateway: ip("10.1.0.9") }],
    });
    plugin.add(requestOf(IPAM), CONTAINER);
    expect(argumentsOf(calls, "containerRoutes.add")?.slice(1)).toMatchObject([
      "eth0",
      [{ destination: cidr("192.168.0.0/16"), gateway: ip("10.1.0.9") }],
      "append",
    ]);
  });

  test("without isGateway leaves the node alone", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf(IPAM), CONTAINER);
    expect(namesOf(calls).filter((name) => /^(?:nodeAddresses|nodeForwarding|masquerade)\./u.test(name))).toEqual([]);
  });

  test("forceAddress replaces", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf({ ...IPAM, isGateway: true, forceAddress: true }), CONTAINER);
    expect(argumentsOf(calls, "nodeAddresses.ensure")?.[2]).toBe(true);
  });

  test("fails when the IPAM plugin gives no address, and has what it gave released", () => {
    const { calls, plugin } = bridgeWith({ ips: [], routes: [] });
    expect(failureOf(() => plugin.add(requestOf(IPAM), CONTAINER)).message).toBe("the IPAM plugin gave no address");
    expect(namesOf(calls).slice(-2)).toEqual(["ipam.del", "containerLinks.startedVeth"]);
  });

  test("a late failure has the addresses released, and is what is reported", () => {
    const { calls, plugin } = bridgeWith(GIVEN, {
      masquerade: { set: failing("conflict") },
      ipam: { del: failingWith(5, "later") },
    });
    expect(failureOf(() => plugin.add(requestOf({ ...IPAM, ipMasq: true }), CONTAINER))).toMatchObject({
      code: 109,
      message: 'cannot masquerade "eth0": conflict',
    });
    expect(namesOf(calls)).toContain("ipam.del");
  });

  test("an error of the IPAM plugin passes unchanged, and nothing is released", () => {
    const { calls, plugin } = bridgeWith(GIVEN, { ipam: { add: failingWith(108, "no address is free") } });
    expect(failureOf(() => plugin.add(requestOf(IPAM), CONTAINER))).toMatchObject({
      code: 108,
      message: "no address is free",
    });
    expect(namesOf(calls)).not.toContain("ipam.del");
  });
});

describe("dns", () => {
  const dns = { nameservers: ["10.1.0.53"], domain: "ipam", search: [], options: [] };

  test("of the IPAM plugin is kept", () => {
    const { plugin } = bridgeWith({ ...GIVEN, dns });
    expect(plugin.add(requestOf(IPAM), CONTAINER).dns).toEqual(dns);
    expect(plugin.add(requestOf({ ...IPAM, dns: {} }), CONTAINER).dns).toEqual(dns);
  });

  test.for([{ nameservers: ["1.1.1.1"] }, { search: [] }, { options: [] }, { domain: "here" }])(
    "is replaced by %j",
    (own) => {
      const { plugin } = bridgeWith({ ...GIVEN, dns });
      expect(plugin.add(requestOf({ ...IPAM, dns: own }), CONTAINER).dns).toMatchObject(own);
    },
  );
});

describe("configuration", () => {
  const veth = (configuration: object, rest = {}): object => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf(configuration, rest), CONTAINER);
    return argumentsOf(calls, "containerLinks.startVeth")?.[1] as object;
  };

  test("leaves everything to the kernel by default", () => {
    expect(veth({})).toEqual({
      ifname: "eth0",
      mtuBytes: undefined,
      mac: undefined,
      port: { bridge: "cni0", hairpin: false, isolated: false },
      duplicateAddressDetection: "off",
      announce: true,
    });
  });

  test("reaches the port and both ends, whatever the case of its keys", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(
      requestOf({ Bridge: "br1", MTU: 1400, promiscMode: true, enabledad: true, portIsolation: true }),
      CONTAINER,
    );
    expect(argumentsOf(calls, "nodeLinks.ensureBridge")).toEqual([
      { name: "br1", mtuBytes: 1400, vlanFiltering: false, promiscuous: true },
    ]);
    expect(argumentsOf(calls, "containerLinks.startVeth")?.[1]).toMatchObject({
      mtuBytes: 1400,
      port: { bridge: "br1", isolated: true },
      duplicateAddressDetection: "enhanced",
    });
    expect(veth({ hairpinMode: true })).toMatchObject({ port: { hairpin: true } });
  });

  test("the hardware address comes from the runtime first", () => {
    const args = [{ name: "MAC", value: "0a:00:00:00:00:01" }];
    const inArgs = { args: { cni: { mac: "0a:00:00:00:00:02" } } };
    expect(veth({}, { args })).toMatchObject({ mac: [0x0a, 0, 0, 0, 0, 1] });
    expect(veth(inArgs, { args })).toMatchObject({ mac: [0x0a, 0, 0, 0, 0, 2] });
    expect(veth(inArgs, { args, runtimeConfig: runtimeConfigOf({ mac: [0x0a, 0, 0, 0, 0, 3] }) })).toMatchObject({
      mac: [0x0a, 0, 0, 0, 0, 3],
    });
  });

  test.for([
    { vlan: 0 },
    { vlan: null },
    { vlanTrunk: null },
    { preserveDefaultVlan: false },
    { macspoofchk: false },
    { ipMasqBackend: "nftables" },
    { ipMasqBackend: "iptables" },
    { ipMasqBackend: "" },
    { unheardOf: { of: 1 } },
  ])("accepts %j", (configuration) => {
    expect(() => veth(configuration)).not.toThrow();
  });

  const REFUSED: readonly { configuration: object; code: number; names: string }[] = [
    { configuration: { vlan: 100 }, code: 2, names: "vlan: 100" },
    { configuration: { vlanTrunk: [] }, code: 2, names: "vlanTrunk: []" },
    { configuration: { vlanTrunk: [{ id: 101 }] }, code: 2, names: "vlanTrunk" },
    { configuration: { preserveDefaultVlan: true }, code: 2, names: "preserveDefaultVlan: true" },
    { configuration: { ipMasqBackend: "pf" }, code: 7, names: "ipMasqBackend" },
    { configuration: { hairpinMode: true, promiscMode: true }, code: 7, names: "hairpinMode and promiscMode" },
    { configuration: { ...IPAM, disableContainerInterface: true }, code: 7, names: "disableContainerInterface" },
    { configuration: { mtu: -1 }, code: 7, names: "mtu" },
    { configuration: { mtu: "1500" }, code: 6, names: "mtu" },
    { configuration: { isGateway: "true" }, code: 6, names: "isGateway" },
    { configuration: { ipam: [] }, code: 6, names: "ipam" },
  ];

  test.for(REFUSED)(
    "refuses $configuration with code $code, before anything is done",
    ({ configuration, code, names }) => {
      const { calls, plugin } = bridgeWith();
      const failure = failureOf(() => plugin.add(requestOf(configuration), CONTAINER));
      expect(failure.code).toBe(code);
      expect(failure.message).toContain(names);
      expect(calls).toEqual([]);
    },
  );

  test("a bridge without a free port is an error of its own", () => {
    const { plugin } = bridgeWith(GIVEN, { containerLinks: { startedVeth: failing("limit-reached") } });
    const failure = failureOf(() => plugin.add(requestOf({}), CONTAINER));
    expect(failure).toMatchObject({ code: 11, message: 'bridge "cni0" has no free port' });
    expect(failure.details).toContain("1,024");
  });

  test("macspoofchk lets the container's address in by its port, before the container's end is up", () => {
    const { calls, plugin } = bridgeWith();
    plugin.add(requestOf({ ...IPAM, macspoofchk: true }), CONTAINER);
    expect(argumentsOf(calls, "spoofGuard.set")).toEqual([LINKS.node.name, LINKS.container.mac]);
    const names = namesOf(calls);
    expect(names.indexOf("spoofGuard.set")).toBeLessThan(names.indexOf("containerLinks.setUp"));
  });
});
