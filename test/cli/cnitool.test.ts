import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { containerIdOf, parseToolEnvironment } from "../../host/cli/cnitool.ts";

describe("the environment of cnitool", () => {
  test("has its defaults", () => {
    expect(parseToolEnvironment({})).toEqual({
      configurationDir: "/etc/cni/net.d",
      ifname: "eth0",
      args: [],
      runtimeConfig: {},
      pluginDirs: [],
      trace: {},
      netnsOverride: false,
    });
  });

  test("is read", () => {
    const settings = parseToolEnvironment({
      NETCONFPATH: "/n",
      CNI_IFNAME: "net1",
      CNI_ARGS: "A=1;B=2",
      CAP_ARGS: '{"ips":["10.0.0.1"]}',
      CNI_PATH: "/opt/cni/bin::/usr/lib/cni",
      CNI_NETNS_OVERRIDE: "TRUE",
      TRACEPARENT: "00-1-2-01",
      BAGGAGE: "",
      HOME: "/root",
    });
    expect(settings).toEqual({
      configurationDir: "/n",
      ifname: "net1",
      args: [
        ["A", "1"],
        ["B", "2"],
      ],
      runtimeConfig: { ips: ["10.0.0.1"] },
      pluginDirs: ["/opt/cni/bin", "/usr/lib/cni"],
      trace: { TRACEPARENT: "00-1-2-01" },
      netnsOverride: true,
    });
  });

  test("a folder of CNI_PATH is absolute whatever it was given as", () => {
    expect(parseToolEnvironment({ CNI_PATH: "./bin" }).pluginDirs).toEqual([join(process.cwd(), "bin")]);
  });

  test("refuses malformed CNI_ARGS", () => {
    expect(() => parseToolEnvironment({ CNI_ARGS: "A" })).toThrow(expect.objectContaining({ code: 4 }));
  });

  test.for(["[]", "1", "{", "null"])("refuses CAP_ARGS %j", (text) => {
    expect(() => parseToolEnvironment({ CAP_ARGS: text })).toThrow(expect.objectContaining({ code: 4 }));
  });

  test("derives the container's id from its namespace's path", () => {
    // Source: printf %s /var/run/netns/testing | sha512sum | cut -c 1-20
    expect(containerIdOf("/var/run/netns/testing")).toBe("cnitool-77383ca0a0715733ca6f");
  });
});
