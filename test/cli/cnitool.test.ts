import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { containerIdOf, parseToolEnvironment, readNetwork } from "../../host/cli/cnitool.ts";

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

describe("the configuration of a network", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cnidaria-netconf-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, value: unknown): void => {
    writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));
  };
  const read = (name: string): unknown => JSON.parse(readNetwork(folder, name));

  test("is found by the name inside the file", () => {
    write("10-a.conflist", { name: "a", plugins: [{ type: "x" }] });
    write("20-b.conflist", { name: "b", plugins: [{ type: "y" }] });
    expect(read("b")).toEqual({ name: "b", plugins: [{ type: "y" }] });
  });

  test("is a list before it is a single plugin", () => {
    write("10-a.conf", { name: "a", type: "x" });
    write("20-a.conflist", { name: "a", plugins: [{ type: "y" }] });
    expect(read("a")).toEqual({ name: "a", plugins: [{ type: "y" }] });
  });

  test("may be a single plugin", () => {
    write("10-a.json", { cniVersion: "0.4.0", name: "a", type: "x" });
    expect(read("a")).toEqual({ cniVersion: "0.4.0", name: "a", type: "x" });
  });

  test("gets the drop-ins of the folder named after it, in order", () => {
    write("10-a.conflist", { name: "a", plugins: [{ type: "x" }] });
    mkdirSync(join(folder, "a"));
    write("a/20.conf", { type: "z" });
    write("a/10.conf", { type: "y" });
    write("a/ignored.txt", "nothing");
    expect(read("a")).toEqual({ name: "a", plugins: [{ type: "x" }, { type: "y" }, { type: "z" }] });
  });

  test("keeps drop-ins out where it says so", () => {
    write("10-a.conflist", { name: "a", loadOnlyInlinedPlugins: true, plugins: [{ type: "x" }] });
    mkdirSync(join(folder, "a"));
    write("a/10.conf", { type: "y" });
    expect(read("a")).toMatchObject({ plugins: [{ type: "x" }] });
  });

  test("that is nowhere is code 7, one in a broken file code 6", () => {
    expect(() => read("a")).toThrow(expect.objectContaining({ code: 7 }));
    write("10-a.conflist", "{");
    expect(() => read("a")).toThrow(expect.objectContaining({ code: 6 }));
  });

  test("is not looked for under a name that leaves the folder", () => {
    expect(() => read("../a")).toThrow(expect.objectContaining({ code: 7 }));
  });
});
