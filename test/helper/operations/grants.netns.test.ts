/**
 * Every operation in a pair: granted it works; not granted the kernel heard nothing, neither on the node nor in the container.
 */
import { expect, test } from "vitest";
import { OPERATIONS } from "../../../host/helper/operations/index.ts";
import {
  BRIDGE,
  CAPABILITIES,
  DEFAULT_ROUTE,
  PORT,
  VETH,
  addAll,
  addOf,
  prefix,
  testNamespace,
} from "../support/cases.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import { PUBLISH_OPTIONS, webPort } from "../../support/published-port.ts";
import { startMonitor } from "../../support/monitor.ts";
import { installTestPlugin } from "../support/plugin.ts";

const ADDRESS = prefix(2).address;
const OTHER = { tag: "ipv4", val: [192, 168, 7, 7] };
/** Most refusals of a call that are kept. */
const REFUSALS_MAX = 32;
const OTHER_PREFIX = { address: OTHER, prefixLength: 24 };

const PUBLISHED = webPort(prefix(2));
const RATE = { bitsPerSecond: "1000000", burstBits: "1000000" };
const FLOW = { protocol: "tcp", destinationPort: 8080, containerAddress: ADDRESS };

/** Arguments after the handle where there is one: such as the grant covers, and such as it does not. */
const PAIRS: Readonly<Record<string, { granted: unknown[]; refused?: unknown[] }>> = {
  "container-links.create-veth": {
    granted: [{ ...VETH, port: PORT }],
    refused: [{ ...VETH, port: { ...PORT, bridge: "other0" } }],
  },
  "container-links.start-veth": {
    granted: [{ ...VETH, port: PORT }],
    refused: [{ ...VETH, port: { ...PORT, bridge: "other0" } }],
  },
  "container-links.get": { granted: ["eth0"], refused: ["lo"] },
  "container-links.set-up": { granted: ["eth0", 0], refused: ["lo", 0] },
  "container-links.set-down": { granted: ["eth0"], refused: ["lo"] },
  "container-links.delete": { granted: ["eth0"], refused: ["lo"] },
  "container-addresses.add": { granted: ["eth0", [prefix(2)]], refused: ["eth0", [OTHER_PREFIX]] },
  "container-addresses.list": { granted: ["eth0"], refused: ["lo"] },
  "container-addresses.settle": { granted: ["eth0", 1000], refused: ["lo", 1000] },
  "container-routes.add": {
    granted: ["eth0", [DEFAULT_ROUTE], "append"],
    refused: ["eth0", [{ ...DEFAULT_ROUTE, table: 100 }], "append"],
  },
  "container-routes.list": { granted: ["eth0", "ipv4"], refused: ["lo", "ipv4"] },
  "container-routes.delete": { granted: ["eth0", [DEFAULT_ROUTE]], refused: ["lo", [DEFAULT_ROUTE]] },
  "container-rules.add": {
    granted: [[{ source: { address: ADDRESS, prefixLength: 32 }, table: 100 }]],
    refused: [[{ source: { address: OTHER, prefixLength: 32 }, table: 100 }]],
  },
  "container-rules.list": { granted: [] },
  "container-rules.free-tables": { granted: [100, 2] },
  "container-rules.delete": {
    granted: [[{ source: { address: ADDRESS, prefixLength: 32 }, table: 100 }]],
    refused: [[{ source: { address: ADDRESS, prefixLength: 32 }, table: 254 }]],
  },
  "container-link-attributes.set": {
    granted: ["eth0", { mtuBytes: 1400 }],
    refused: ["eth0", { mac: [2, 0, 0, 0, 0, 9] }],
  },
  "container-link-attributes.restore": { granted: ["eth0"], refused: ["lo"] },
  "container-sysctls.set": {
    granted: [[{ name: "net.ipv4.conf.eth0.arp_filter", value: "1" }]],
    refused: [[{ name: "net.core.somaxconn", value: "500" }]],
  },
  "container-sysctls.get": { granted: [["net.ipv4.conf.eth0.arp_filter"]], refused: [["net.core.somaxconn"]] },
  "node-links.ensure-bridge": { granted: [BRIDGE], refused: [{ ...BRIDGE, name: "other0" }] },
  "node-links.get": { granted: ["cni0"], refused: ["lo"] },
  "node-links.wait-until-up": { granted: ["NODE-END", 1000], refused: ["lo", 1000] },
  "node-addresses.ensure": { granted: ["cni0", [prefix(1)], false], refused: ["cni0", [OTHER_PREFIX], false] },
  "node-addresses.list": { granted: ["cni0"], refused: ["lo"] },
  "node-routes.ensure": { granted: ["NODE-END", [ADDRESS]], refused: ["NODE-END", [OTHER]] },
  "node-routes.list": { granted: ["NODE-END"], refused: ["lo"] },
  "node-forwarding.enable": { granted: ["ipv4"], refused: ["ipv6"] },
  "masquerade.set": { granted: [[prefix(2)]], refused: [[OTHER_PREFIX]] },
  "masquerade.list": { granted: [] },
  "masquerade.remove": { granted: [] },
  "forward-rules.allow": { granted: [[prefix(2).address]], refused: [[OTHER]] },
  "forward-rules.list": { granted: [] },
  "forward-rules.obstacles": { granted: [] },
  "forward-rules.isolate": { granted: ["cni0", "same-bridge"], refused: ["cni0", "isolated"] },
  "forward-rules.isolation-of": { granted: ["cni0"] },
  "forward-rules.remove": { granted: [] },
  "host-ports.publish": {
    granted: [[PUBLISHED], PUBLISH_OPTIONS],
    refused: [[{ ...PUBLISHED, hostPort: 80 }], PUBLISH_OPTIONS],
  },
  "host-ports.list": { granted: [] },
  "host-ports.occupied": { granted: [] },
  "conntrack.forget": { granted: [[FLOW]], refused: [[{ ...FLOW, containerAddress: OTHER }]] },
  "spoof-guard.set": { granted: ["NODE-END", [2, 0, 0, 0, 0, 9]], refused: ["lo", [2, 0, 0, 0, 0, 9]] },
  "spoof-guard.get": { granted: ["NODE-END"], refused: ["lo"] },
  "spoof-guard.remove": { granted: [] },
  "host-ports.withdraw": { granted: [] },
  "shaping.find": { granted: [] },
  "shaping.set": {
    granted: ["NODE-END", { ingress: RATE, egress: RATE }],
    refused: ["NODE-END", { egress: { ...RATE, bitsPerSecond: "999999" } }],
  },
  "shaping.get": { granted: [] },
  "shaping.remove": { granted: [] },
  "leases.reserve-next": {
    granted: [1, [{ first: ADDRESS, last: prefix(9).address }], []],
    refused: [1, [{ first: OTHER, last: OTHER }], []],
  },
  "leases.reserve": { granted: [0, ADDRESS], refused: [0, OTHER] },
  "leases.list": { granted: [] },
  "leases.count-free": {
    granted: [[{ first: ADDRESS, last: ADDRESS }], []],
    refused: [[{ first: OTHER, last: OTHER }], []],
  },
  "leases.release": { granted: [] },
  "resolver-file.read": { granted: ["/etc/resolv.conf"], refused: ["/etc/passwd"] },
};

/** The order in which granted operations find what they need. */
const ORDER = [
  "leases.reserve",
  "leases.reserve-next",
  "leases.list",
  "leases.count-free",
  "node-links.ensure-bridge",
  "node-links.get",
  "container-links.create-veth",
  "container-links.get",
  "container-addresses.add",
  "container-links.set-up",
  "node-links.wait-until-up",
  "container-addresses.list",
  "container-addresses.settle",
  "node-addresses.ensure",
  "node-addresses.list",
  "node-routes.ensure",
  "node-routes.list",
  "container-routes.add",
  "container-routes.list",
  "container-routes.delete",
  "container-rules.add",
  "container-rules.list",
  "container-rules.free-tables",
  "container-rules.delete",
  "container-link-attributes.set",
  "container-link-attributes.restore",
  "container-sysctls.set",
  "container-sysctls.get",
  "node-forwarding.enable",
  "masquerade.set",
  "masquerade.list",
  "masquerade.remove",
  "forward-rules.allow",
  "forward-rules.list",
  "forward-rules.obstacles",
  "forward-rules.isolate",
  "forward-rules.isolation-of",
  "forward-rules.remove",
  "host-ports.publish",
  "host-ports.list",
  "host-ports.occupied",
  "conntrack.forget",
  "host-ports.withdraw",
  "shaping.find",
  "shaping.set",
  "shaping.get",
  "shaping.remove",
  "spoof-guard.set",
  "spoof-guard.get",
  "spoof-guard.remove",
  "resolver-file.read",
  "container-links.set-down",
  "container-links.delete",
  "leases.release",
];

/** What makes the same as another one. */
const ALIKE = ["container-links.start-veth"];
const ALL = [...ORDER, ...ALIKE];

test("every operation of the policy has a pair", () => {
  expect(Object.keys(PAIRS).sort()).toEqual(Object.keys(OPERATIONS).sort());
  expect([...ALL].sort()).toEqual(Object.keys(OPERATIONS).sort());
});

test("granted, every operation works", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const { call, endCall } = await beginTestOperation(helper, sandbox, addOf(container.path));
  let nodeEnd = "";
  for (const operation of ORDER) {
    const granted = (PAIRS[operation]?.granted ?? []).map((value) => (value === "NODE-END" ? nodeEnd : value));
    const args = operation.startsWith("container-") ? [call.containerHandle, ...granted] : granted;
    const answer = await sandbox.ask(operation, ...args);
    expect("ok" in answer, JSON.stringify({ operation, ...answer })).toBe(true);
    if (operation === "container-links.create-veth") nodeEnd = (answer.ok as { node: { name: string } }).node.name;
  }
  expect((await endCall()).operations.map(({ outcome }) => outcome)).toEqual(ORDER.map(() => "ok"));
  await helper.close();
});

test("granted, an operation that is started works", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const { call, endCall } = await beginTestOperation(helper, sandbox, addOf(container.path));
  await sandbox.ask("node-links.ensure-bridge", BRIDGE);
  const answer = await sandbox.ask("container-links.start-veth", call.containerHandle, { ...VETH, port: PORT });
  expect(answer).toMatchObject({ ok: { container: { name: "eth0" } } });
  expect((await endCall()).operations.map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  await helper.close();
});

/** One helper with an attachment that is complete: then nothing but the grant is in the way. */
async function withAttachment(capabilities: Readonly<Record<string, unknown>>): Promise<{
  refuse: (operation: string, args: readonly unknown[]) => Promise<string>;
  close: () => Promise<void>;
}> {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  // Otherwise the kernel announces addresses of its own, seconds after the links.
  for (const space of [node, container])
    space.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
  const full = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const digest = installTestPlugin(stateDir, { type: "narrow", capabilities, hostCalls: 1000 });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const first = await startTestSandbox(helper, full);
  const adding = await beginTestOperation(helper, first, addOf(container.path));
  await addAll(first, adding);
  await adding.endCall();
  await adding.end();
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, { ...addOf(container.path), type: "narrow" });
  const monitors = await Promise.all([startMonitor(node.name), startMonitor(container.name)]);
  return {
    refuse: async (name, args) => {
      const handle = name.startsWith("container-") ? [operation.call.containerHandle] : [];
      expect({ name, ...(await sandbox.ask(name, ...handle, ...args)) }).toEqual({ name, err: "not-permitted" });
      return (await Promise.all(monitors.map((monitor) => monitor.heard()))).flat().join("\n");
    },
    close: async () => {
      const { operations, refusals } = await operation.endCall("error");
      expect(
        operations.every(({ outcome, kernelMicroseconds }) => outcome === "refused" && kernelMicroseconds === 0),
      ).toBe(true);
      expect(refusals).toHaveLength(Math.min(operations.length, REFUSALS_MAX));
      await Promise.all(monitors.map((monitor) => monitor[Symbol.asyncDispose]()));
      await helper.close();
    },
  };
}

test("not granted at all, no operation reaches the kernel", async () => {
  const { refuse, close } = await withAttachment({});
  for (const operation of ALL)
    expect({ operation, heard: await refuse(operation, PAIRS[operation]?.granted ?? []) }).toEqual({
      operation,
      heard: "",
    });
  await close();
});

test("beyond the granted scope, no operation reaches the kernel", async () => {
  const { refuse, close } = await withAttachment(CAPABILITIES);
  for (const operation of ORDER) {
    const refused = PAIRS[operation]?.refused;
    if (refused !== undefined)
      expect({ operation, heard: await refuse(operation, refused) }).toEqual({ operation, heard: "" });
  }
  await close();
});
