import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { parseRuntimeConfig } from "../../host/spec/runtime-config.ts";

describe("parseRuntimeConfig", () => {
  test("containerd's spelling is the same as CRI-O's", () => {
    const containerd: JsonObject = {
      portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "TCP", HostIP: "" }],
      bandwidth: { IngressRate: 1000, IngressBurst: 4_294_967_295, EgressRate: 0, EgressBurst: 0 },
      dns: { Servers: ["1.1.1.1"], Searches: ["a.b"], Options: ["ndots:5"] },
      ipRanges: [{ Subnet: "10.1.0.0/16", RangeStart: "10.1.0.9", RangeEnd: "", Gateway: "" }],
    };
    const crio: JsonObject = {
      portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
      bandwidth: { ingressRate: 1000, ingressBurst: 4_294_967_295 },
      dns: { servers: ["1.1.1.1"], searches: ["a.b"], options: ["ndots:5"] },
      ipRanges: [[{ subnet: "10.1.0.0/16", rangeStart: "10.1.0.9" }]],
    };
    const parsed = parseRuntimeConfig(containerd, "net");
    expect(parsed).toEqual(parseRuntimeConfig(crio, "net"));
    expect(parsed).toMatchObject({
      portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostIp: undefined }],
      bandwidth: {
        ingressRateBitsPerSecond: "1000",
        ingressBurstBits: "4294967295",
        egressRateBitsPerSecond: undefined,
      },
      dns: { nameservers: ["1.1.1.1"], search: ["a.b"], options: ["ndots:5"] },
    });
  });

  test("nothing is nothing", () => {
    expect(parseRuntimeConfig({}, "net")).toEqual({
      portMappings: [],
      ipRanges: [],
      bandwidth: undefined,
      dns: undefined,
      ips: [],
      mac: undefined,
      deviceId: undefined,
      aliases: [],
      cgroupPath: undefined,
      extensions: undefined,
    });
  });

  test("reads addresses with and without a prefix, and keeps what it does not know", () => {
    const parsed = parseRuntimeConfig(
      { ips: ["10.1.0.7", "10.1.0.8/24"], infinibandGUID: "x", "io.kubernetes.cri.pod-annotations": {} },
      "net",
    );
    expect(parsed.ips).toEqual([
      { address: { tag: "ipv4", val: [10, 1, 0, 7] }, prefixLength: undefined },
      { address: { tag: "ipv4", val: [10, 1, 0, 8] }, prefixLength: 24 },
    ]);
    expect(JSON.parse(parsed.extensions ?? "")).toEqual({
      infinibandGUID: "x",
      "io.kubernetes.cri.pod-annotations": {},
    });
  });

  test.for([
    ["a list", ["a", "b"]],
    ["ocicni's object", { net: ["a", "b"], other: ["c"] }],
  ] as const)("reads aliases: %s", ([, aliases]) => {
    expect(parseRuntimeConfig({ aliases }, "net").aliases).toEqual(["a", "b"]);
  });

  test.for<{ sender: string; args: JsonObject; want: object }>([
    {
      sender: "go-cni: ranges as a flat list",
      args: { ipRanges: [{ Subnet: "10.1.0.0/16" }, { Subnet: "fd00::/64" }] },
      want: { ipRanges: [[{ subnet: { prefixLength: 16 } }], [{ subnet: { prefixLength: 64 } }]] },
    },
    {
      sender: "containerd: a burst of 2^32-1, and what it always offers",
      args: {
        bandwidth: { IngressRate: 1e12, IngressBurst: 4_294_967_295, EgressRate: 1, EgressBurst: 2 },
        cgroupPath: "/kubepods/pod1",
        "io.kubernetes.cri.pod-annotations": { a: "b" },
      },
      want: {
        bandwidth: {
          ingressRateBitsPerSecond: "1000000000000",
          ingressBurstBits: "4294967295",
          egressRateBitsPerSecond: "1",
          egressBurstBits: "2",
        },
        cgroupPath: "/kubepods/pod1",
        extensions: '{"io.kubernetes.cri.pod-annotations":{"a":"b"}}',
      },
    },
    {
      sender: "CRI-O: aliases by network",
      args: { aliases: { net: ["db"] }, portMappings: [] },
      want: { aliases: ["db"], portMappings: [] },
    },
    {
      sender: "podman: aliases by network, a mapping with an address",
      args: {
        aliases: { net: ["web"] },
        portMappings: [{ hostPort: 53, containerPort: 53, protocol: "udp", hostIP: "::1" }],
      },
      want: {
        aliases: ["web"],
        portMappings: [{ hostPort: 53, protocol: "udp", hostIp: { tag: "ipv6", val: [0, 0, 0, 0, 0, 0, 0, 1] } }],
      },
    },
    {
      sender: "Multus",
      args: {
        ips: ["10.1.0.7/24", "fd00::7"],
        mac: "0a:58:0a:01:00:07",
        infinibandGUID: "c2:11:22:33:44:55:66:77",
        deviceID: "0000:00:1f.6",
        CNIDeviceInfoFile: "/var/run/k8s.cni.cncf.io/devinfo/cni/x",
      },
      want: {
        ips: [{ prefixLength: 24 }, { prefixLength: undefined }],
        mac: [10, 88, 10, 1, 0, 7],
        deviceId: "0000:00:1f.6",
        extensions: JSON.stringify({
          infinibandGUID: "c2:11:22:33:44:55:66:77",
          CNIDeviceInfoFile: "/var/run/k8s.cni.cncf.io/devinfo/cni/x",
        }),
      },
    },
    {
      sender: "Go: fields that are not given are null",
      args: { portMappings: null, ipRanges: null, bandwidth: null, dns: { Servers: null, Searches: null }, ips: null },
      want: { portMappings: [], ipRanges: [], bandwidth: undefined, dns: { nameservers: [], search: [] }, ips: [] },
    },
  ])("reads what is sent by $sender", ({ args, want }) => {
    expect(parseRuntimeConfig(args, "net")).toMatchObject(want);
  });

  test.for<{ why: string; args: JsonObject }>([
    { why: "host port 0", args: { portMappings: [{ hostPort: 0, containerPort: 80 }] } },
    { why: "a port over 65535", args: { portMappings: [{ hostPort: 80, containerPort: 65_536 }] } },
    { why: "no list", args: { portMappings: {} } },
    { why: "a range without a subnet", args: { ipRanges: [[{ rangeStart: "10.1.0.1" }]] } },
    { why: "a subnet that is none", args: { ipRanges: [[{ subnet: "10.1.0.0" }]] } },
    { why: "a negative rate", args: { bandwidth: { ingressRate: -1 } } },
    { why: "an address that is none", args: { ips: ["x"] } },
    { why: "a hardware address that is none", args: { mac: "x" } },
    { why: "a name server that is no text", args: { dns: { servers: [1] } } },
  ])("refuses with code 7: $why", ({ args }) => {
    expect(() => parseRuntimeConfig(args, "net")).toThrow(expect.objectContaining({ code: 7 }));
  });
});
