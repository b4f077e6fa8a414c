/**
 * @module The bundled plugins as subjects of the contract.
 */
import { expect } from "vitest";

import type { JsonObject } from "../../../host/spec/json.ts";
import type { Subject } from "./plugin-contract.ts";
import { NODE_END } from "./simulated-shaping.ts";

/** What a plugin finds, and is given. */
export interface Surroundings {
  /** Links that the container has before: those that a chained plugin is about. @default none */
  readonly links?: readonly string[] | undefined;
  /** Capability arguments of every verb. @default none */
  readonly runtimeConfig?: JsonObject | undefined;
}

/** A subject without the one who drives it. */
export interface BundledSubject extends Omit<Subject, "open">, Surroundings {
  /** Its plugin's type, and that of the IPAM plugin that it calls. */
  readonly types: readonly [type: string, ipamType?: string];
}

const NETWORK = { cniVersion: "1.1.0", name: "net" };
/** Path of the container's namespace, which results name. */
export const SANDBOX = "/var/run/netns/one";
const HOST_LOCAL = { type: "host-local", ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "2001:db8::/120" }]] };
/** What a main plugin left to a chained one. */
const BEFORE = {
  interfaces: [{ name: "eth0", sandbox: SANDBOX, "example.com/color": "red" }],
  ips: [{ address: "10.9.0.2/24", interface: 0, "example.com/note": "kept" }],
  "example.com/more": { of: 1 },
};
const STATIC = { type: "static", addresses: [{ address: "10.2.0.5/24", gateway: "10.2.0.1" }] };

const ATTACHED = {
  interfaces: [{ name: "br0" }, { name: "eth0", sandbox: SANDBOX, "example.com/color": "red" }],
  ips: [
    { address: "10.3.0.5/24", interface: 1, "example.com/note": "kept" },
    { address: "2001:db8:3::5/64", interface: 1 },
  ],
  "example.com/more": { of: 1 },
};

const SHAPED = { ...ATTACHED, interfaces: [{ name: NODE_END }, ...ATTACHED.interfaces.slice(1)] };

/** Every bundled plugin, with a configuration that works. */
export const SUBJECTS: readonly BundledSubject[] = [
  {
    title: "loopback",
    configuration: NETWORK,
    refused: [],
    readsArguments: false,
    isPerLink: false,
    previousResult: {
      interfaces: [{ name: "eth0", sandbox: SANDBOX, "example.com/color": "red" }],
      ips: [{ address: "10.9.0.2/24", interface: 0, "example.com/note": "kept" }],
      "example.com/more": { of: 1 },
    },
    result: {
      interfaces: [{ name: "lo", sandbox: SANDBOX }],
      ips: [{ address: "127.0.0.1/8" }, { address: "::1/128" }],
    },
    types: ["loopback"],
  },
  {
    title: "bridge with host-local",
    configuration: { ...NETWORK, bridge: "br-test", isDefaultGateway: true, ipMasq: true, ipam: HOST_LOCAL },
    refused: [
      { change: { bridge: 5 }, code: 6 },
      { change: { mtu: "1500" }, code: 6 },
      { change: { mtu: -1 }, code: 7 },
      { change: { vlan: 100 }, code: 2 },
      { change: { hairpinMode: true, promiscMode: true }, code: 7 },
      { change: { ipam: { ...HOST_LOCAL, ranges: [[{ subnet: "10.1.0.1/24" }]] } }, code: 7 },
    ],
    readsArguments: true,
    isPerLink: true,
    result: {
      interfaces: [{ name: "br-test" }, { name: expect.stringMatching(/^veth/u) }, { name: "eth0", sandbox: SANDBOX }],
      ips: [
        { address: "10.1.0.2/24", gateway: "10.1.0.1", interface: 2 },
        { address: "2001:db8::2/120", gateway: "2001:db8::1", interface: 2 },
      ],
      routes: [
        { dst: "0.0.0.0/0", gw: "10.1.0.1" },
        { dst: "::/0", gw: "2001:db8::1" },
      ],
    } as unknown as JsonObject,
    types: ["bridge", "host-local"],
  },
  {
    title: "bridge without addresses",
    configuration: { ...NETWORK, bridge: "br-test" },
    refused: [{ change: { ipam: "host-local" }, code: 6 }],
    readsArguments: true,
    isPerLink: true,
    result: { interfaces: [{ name: "br-test" }, {}, { name: "eth0", sandbox: SANDBOX }] },
    types: ["bridge"],
  },
  {
    title: "firewall",
    configuration: {
      ...NETWORK,
      prevResult: { ...NETWORK, ips: [{ address: "10.9.0.2/24" }, { address: "2001:db8:9::2/64" }] },
    },
    refused: [
      { change: { firewalldZone: 5 }, code: 6 },
      { change: { iptablesAdminChainName: "ADMIN" }, code: 2 },
      { change: { ingressPolicy: "closed" }, code: 7 },
      { change: { ingressPolicy: 5 }, code: 6 },
      { change: { prevResult: null }, code: 7 },
    ],
    readsArguments: false,
    // The addresses are those of the result, and an address has one owner.
    isPerLink: false,
    previousResult: {
      interfaces: [{ name: "eth0", sandbox: SANDBOX, "example.com/color": "red" }],
      ips: [{ address: "10.9.0.2/24", interface: 0, "example.com/note": "kept" }],
      "example.com/more": { of: 1 },
    },
    result: { ips: [{ address: "10.9.0.2/24" }, { address: "2001:db8:9::2/64" }] },
    types: ["firewall"],
  },
  {
    title: "host-local",
    configuration: { ...NETWORK, ipam: HOST_LOCAL },
    refused: [
      { change: { ipam: null }, code: 7 },
      { change: { ipam: { ...HOST_LOCAL, ranges: {} } }, code: 6 },
      { change: { args: { cni: { ips: ["192.0.2.1"] } } }, code: 108 },
    ],
    readsArguments: true,
    isPerLink: true,
    result: {
      ips: [
        { address: "10.1.0.2/24", gateway: "10.1.0.1" },
        { address: "2001:db8::2/120", gateway: "2001:db8::1" },
      ],
    },
    types: ["host-local"],
  },
  {
    title: "static",
    configuration: { ...NETWORK, ipam: STATIC },
    refused: [
      { change: { ipam: null }, code: 7 },
      { change: { ipam: { ...STATIC, addresses: [{ address: 5 }] } }, code: 6 },
      { change: { ipam: { ...STATIC, addresses: [{ address: "10.2.0.5" }] } }, code: 7 },
    ],
    readsArguments: true,
    isPerLink: true,
    result: { ips: [{ address: "10.2.0.5/24", gateway: "10.2.0.1" }] },
    types: ["static"],
  },
  {
    title: "tuning of the link",
    configuration: {
      ...NETWORK,
      mac: "02:11:22:33:44:55",
      mtu: 1400,
      promisc: true,
      allmulti: true,
      txQLen: 500,
      dataDir: "/nowhere",
      prevResult: BEFORE,
    },
    refused: [
      { change: { mtu: "1500" }, code: 6 },
      { change: { mtu: -1 }, code: 7 },
      { change: { mac: "02:11" }, code: 7 },
      { change: { promisc: "on" }, code: 6 },
      { change: { txQLen: -1 }, code: 7 },
      { change: { args: { cni: { allmulti: 1 } } }, code: 6 },
      { change: { prevResult: null }, code: 7 },
    ],
    readsArguments: true,
    isPerLink: true,
    previousResult: BEFORE,
    result: { interfaces: [{ name: "eth0", sandbox: SANDBOX, mac: "02:11:22:33:44:55", mtu: 1400 }] },
    links: ["eth0", "eth1"],
    types: ["tuning"],
  },
  {
    title: "tuning of settings",
    configuration: { ...NETWORK, sysctl: { "net.core.somaxconn": "500" }, prevResult: BEFORE },
    refused: [
      { change: { sysctl: { "net.core.somaxconn": 500 } }, code: 6 },
      { change: { sysctl: ["net.core.somaxconn"] }, code: 6 },
      { change: { sysctl: { "kernel.panic": "1" } }, code: 101 },
      { change: { sysctl: { "net.core.nothing": "1" } }, code: 101 },
    ],
    readsArguments: true,
    isPerLink: true,
    previousResult: BEFORE,
    result: { ips: [{ address: "10.9.0.2/24" }] },
    links: ["eth0", "eth1"],
    types: ["tuning"],
    excuses: { "keys match whatever their case": "the keys are the kernel's names of settings" },
  },
  {
    title: "ptp with host-local",
    configuration: { ...NETWORK, ipMasq: true, ipam: HOST_LOCAL },
    refused: [
      { change: { ipam: null }, code: 7 },
      { change: { mtu: "1500" }, code: 6 },
      { change: { mtu: 70_000 }, code: 7 },
      { change: { ipMasq: "yes" }, code: 6 },
      { change: { ipMasqBackend: "ipfw" }, code: 7 },
      { change: { ipam: { ...HOST_LOCAL, ranges: [[{ subnet: "10.1.0.1/24" }]] } }, code: 7 },
    ],
    readsArguments: true,
    isPerLink: true,
    result: {
      interfaces: [{ name: expect.stringMatching(/^veth/u) }, { name: "eth0", sandbox: SANDBOX }],
      ips: [
        { address: "10.1.0.2/24", gateway: "10.1.0.1", interface: 1 },
        { address: "2001:db8::2/120", gateway: "2001:db8::1", interface: 1 },
      ],
    } as unknown as JsonObject,
    types: ["ptp", "host-local"],
  },
  {
    title: "sbr with a table",
    configuration: { ...NETWORK, table: 4000, prevResult: ATTACHED },
    refused: [
      { change: { prevResult: null }, code: 7 },
      { change: { prevResult: { ips: [] } }, code: 7 },
      { change: { table: 0 }, code: 7 },
      { change: { table: "4000" }, code: 6 },
      { change: { gateways: ["10.3.0.1", "10.3.0.2"] }, code: 7 },
      { change: { addSourceHints: 1 }, code: 6 },
    ],
    readsArguments: false,
    // The addresses are those of one link.
    isPerLink: false,
    previousResult: ATTACHED,
    result: { ips: ATTACHED.ips },
    links: ["eth0"],
    types: ["sbr"],
  },
  {
    title: "portmap",
    configuration: { ...NETWORK, capabilities: { portMappings: true }, prevResult: ATTACHED },
    refused: [
      { change: { prevResult: null }, code: 7 },
      { change: { backend: "ipfw" }, code: 7 },
      { change: { markMasqBit: 0 }, code: 2 },
      { change: { externalSetMarkChain: "KUBE-MARK-MASQ" }, code: 2 },
      { change: { conditionsV4: ["-m", "comment"] }, code: 7 },
      { change: { conditionsV6: ["-s", "192.0.2.1"] }, code: 7 },
      { change: { snat: "yes" }, code: 6 },
    ],
    readsArguments: false,
    // A port is one link's.
    isPerLink: false,
    previousResult: ATTACHED,
    result: { ips: ATTACHED.ips },
    types: ["portmap"],
    runtimeConfig: {
      portMappings: [
        { hostPort: 8080, containerPort: 80, protocol: "tcp" },
        { hostPort: 5353, containerPort: 53, protocol: "UDP", hostIP: "0.0.0.0" },
      ],
    },
  },
  {
    title: "bandwidth",
    configuration: {
      ...NETWORK,
      ingressRate: 20_000_000,
      ingressBurst: 2_000_000,
      // Towards the container alone: the result of the other direction has a link more.
      prevResult: SHAPED,
    },
    refused: [
      { change: { prevResult: null }, code: 7 },
      { change: { prevResult: { ...SHAPED, interfaces: [] } }, code: 7 },
      { change: { ingressBurst: 0 }, code: 7 },
      { change: { egressBurst: 1_000_000 }, code: 7 },
      { change: { ingressBurst: 8 * 2 ** 32 }, code: 7 },
      { change: { ingressRate: "20M" }, code: 6 },
      { change: { egressRate: 1.5 }, code: 6 },
      { change: { unshapedSubnets: ["10.0.0.0/8"] }, code: 2 },
      { change: { shapedSubnets: ["10.0.0.0/8"] }, code: 2 },
    ],
    readsArguments: false,
    // A rate is one link's.
    isPerLink: false,
    previousResult: SHAPED,
    result: { ips: SHAPED.ips },
    types: ["bandwidth"],
    links: ["eth0"],
    runtimeConfig: {},
  },
];
