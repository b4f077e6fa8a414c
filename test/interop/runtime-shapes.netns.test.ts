/**
 * What containerd, CRI-O, Multus and podman really put into CNI_ARGS and runtimeConfig, through the exec protocol and our plugins.
 * Source: go-cni opts.go and namespace_opts.go; ocicni pkg/ocicni/ocicni.go; Multus pkg/types; each at its current release.
 * Runs in a node namespace of its own: `npm test` makes it.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { failureOf } from "../support/snapshot.ts";
import { addressOf } from "./reference.ts";

let node: TestHost;
beforeAll(async () => {
  node = await createTestHost({ plugins: ["bridge", "host-local", "static"] });
});
afterAll(async () => node[Symbol.asyncDispose]());

const HOST_LOCAL = { type: "host-local", subnet: "10.72.0.0/24" };
const MAC = "02:00:00:00:72:01";
const POD = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c0ffee;K8S_POD_UID=6f1c";

/** One call of the bridge, as an executable would make it. */
function callOf(container: TestContainer, command: string, { configuration = {}, args = "" }: Partial<Shape>) {
  const network = {
    cniVersion: "1.0.0",
    name: "shapes",
    type: "bridge",
    bridge: "br72",
    ipam: HOST_LOCAL,
    ...configuration,
  };
  const { id: containerId, netns } = container;
  return { command, type: "bridge", containerId, netns, ifname: "eth0", args, configuration: JSON.stringify(network) };
}

interface Shape {
  readonly title: string;
  /** What the runtime adds to the plugin's configuration. */
  readonly configuration: JsonObject;
  /** CNI_ARGS. */
  readonly args: string;
  /** Address that the container is to have; `undefined`: the next one. */
  readonly address?: string;
  readonly mac?: string;
}

const SHAPES: readonly Shape[] = [
  {
    title: "containerd, capitalised",
    args: `IgnoreUnknown=1;${POD}`,
    configuration: {
      runtimeConfig: {
        portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "TCP", HostIP: "" }],
        bandwidth: { IngressRate: 1_000_000, IngressBurst: 4_294_967_295, EgressRate: 0, EgressBurst: 0 },
        dns: { Servers: ["10.96.0.10"], Searches: ["svc.cluster.local"], Options: ["ndots:5"] },
        cgroupPath: "/kubepods/besteffort/pod6f1c",
        "io.kubernetes.cri.pod-annotations": { "example.org/a": "b" },
      },
    },
  },
  {
    title: "containerd, with ranges in a flat list",
    args: `IgnoreUnknown=1;${POD}`,
    configuration: {
      runtimeConfig: {
        ipRanges: [{ Subnet: "10.72.9.0/24", RangeStart: "10.72.9.40", RangeEnd: "10.72.9.40", Gateway: "" }],
      },
      ipam: { type: "host-local" },
    },
    address: "10.72.9.40",
  },
  {
    title: "CRI-O, with an address and a hardware address in CNI_ARGS",
    args: `K8S_POD_UID=6f1c;IP=10.72.0.50;MAC=${MAC};IgnoreUnknown=1;K8S_POD_NAME=web`,
    configuration: {
      runtimeConfig: {
        portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostIP: "127.0.0.1" }],
        bandwidth: { ingressRate: 1_000_000, ingressBurst: 1_000_000, egressRate: 0, egressBurst: 0 },
        dns: { servers: [], searches: [], options: [] },
        aliases: { shapes: ["web"], other: ["elsewhere"] },
        cgroupPath: "/kubepods.slice",
      },
    },
    address: "10.72.0.50",
    mac: MAC,
  },
  {
    title: "CRI-O, with ranges in sets",
    args: `IgnoreUnknown=1;${POD}`,
    configuration: {
      runtimeConfig: { ipRanges: [[{ subnet: "10.72.8.0/24", rangeStart: "10.72.8.30", rangeEnd: "10.72.8.30" }]] },
      ipam: { type: "host-local" },
    },
    address: "10.72.8.30",
  },
  {
    title: "Multus, with what a pod's annotation asks for",
    args: `IgnoreUnknown=true;${POD}`,
    configuration: {
      deviceID: "0000:3b:00.1",
      pciBusID: "0000:3b:00.1",
      runtimeConfig: {
        ips: ["10.72.0.60/24"],
        mac: MAC.toUpperCase(),
        deviceID: "0000:3b:00.1",
        infinibandGUID: "c2:11:22:33:44:55:66:77",
        CNIDeviceInfoFile: "/var/run/k8s.cni.cncf.io/devinfo/cni/x",
      },
    },
    address: "10.72.0.60",
    mac: MAC,
  },
  {
    title: "Multus, with an address for static",
    args: `IgnoreUnknown=true;${POD}`,
    configuration: { runtimeConfig: { ips: ["10.72.0.61/24"] }, ipam: { type: "static" } },
    address: "10.72.0.61",
  },
  {
    title: "Multus, with args.cni",
    args: `IgnoreUnknown=true;IP=10.72.0.1;${POD}`,
    configuration: { args: { cni: { ips: ["10.72.0.62"], mac: MAC } } },
    address: "10.72.0.62",
    mac: MAC,
  },
  {
    title: "podman, with --ip, --mac-address and -p",
    args: `IgnoreUnknown=true;K8S_POD_NAMESPACE=web;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c0ffee;IP=10.72.0.70;MAC=${MAC}`,
    configuration: {
      runtimeConfig: {
        aliases: { shapes: ["web", "c0ffee"] },
        portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostIP: "" }],
      },
    },
    address: "10.72.0.70",
    mac: MAC,
  },
];

describe("a container gets what its runtime asks for", () => {
  test.for(SHAPES)("$title", async (shape) => {
    using container = createContainer();
    const result = JSON.parse(await node.host.exec(callOf(container, "ADD", shape))) as JsonObject;
    if (shape.address !== undefined) expect(addressOf(result)).toBe(shape.address);
    const { interfaces } = result as { readonly interfaces: readonly { name: string; mac: string }[] };
    const mac = interfaces.find(({ name }) => name === "eth0")?.mac;
    if (shape.mac !== undefined) expect(mac).toBe(shape.mac);
    expect(container.ip("-o link show eth0")).toContain(mac);
    const withResult = { ...shape.configuration, prevResult: result };
    await node.host.exec(callOf(container, "CHECK", { ...shape, configuration: withResult }));
    await node.host.exec(callOf(container, "DEL", { ...shape, configuration: withResult }));
    expect(await node.host.leases()).toEqual([]);
  });
});

describe("CNI_ARGS", () => {
  const REFUSED: readonly { readonly title: string; readonly args: string; readonly code: number }[] = [
    { title: "an unknown name without IgnoreUnknown", args: "K8S_POD_NAME=web", code: 4 },
    { title: "an unknown name with IgnoreUnknown=0", args: "IgnoreUnknown=0;K8S_POD_NAME=web", code: 4 },
    { title: "IP for a plugin that does not read it, without IgnoreUnknown", args: "IP=10.72.0.9", code: 4 },
    { title: "IgnoreUnknown that is no boolean", args: "IgnoreUnknown=yes", code: 4 },
    { title: "a value with =", args: "IgnoreUnknown=1;A=b=c", code: 4 },
    { title: "a name without a value's sign", args: "IgnoreUnknown=1;A", code: 4 },
    { title: "a trailing ;", args: "IgnoreUnknown=1;", code: 4 },
    { title: "an IP that is none", args: "IgnoreUnknown=1;IP=10.72.0", code: 7 },
    { title: "an IP of another subnet", args: "IgnoreUnknown=1;IP=10.73.0.9", code: 108 },
    { title: "the gateway as IP", args: "IgnoreUnknown=1;IP=10.72.0.1", code: 108 },
    { title: "a MAC that is none", args: "IgnoreUnknown=1;MAC=02:00", code: 7 },
  ];
  test.for(REFUSED)("with $title are code $code, and nothing is left", async ({ args, code }) => {
    using container = createContainer();
    expect((await failureOf(node.host.exec(callOf(container, "ADD", { args })))).code).toBe(code);
    expect(await node.host.leases()).toEqual([]);
    expect(container.ip("-o link")).not.toContain("eth0");
  });
});
