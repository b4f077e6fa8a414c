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
