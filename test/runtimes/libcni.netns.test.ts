/** Go's libcni over our executables. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { NOTHING, createNode, remainsOf } from "./node.ts";
import type { Node } from "./node.ts";
import { LIBCNI, REFERENCE_DIR, whyNot } from "./programs.ts";
import { BIN_DIR, switchOver } from "./switch.ts";

const missing = whyNot(["libcni", "plugins"]);

/** What the program over libcni is asked; see libcni/main.go. */
interface Asked {
  readonly op: string;
  readonly list: object;
  readonly containerId?: string;
  readonly netns?: string;
  readonly ifname?: string;
  readonly args?: readonly (readonly [string, string])[];
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  readonly valid?: readonly { readonly containerID: string; readonly ifname: string }[];
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly msg: string };
}

const BRIDGE = {
  type: "bridge",
  bridge: "lib0",
  isGateway: true,
  ipMasq: true,
  capabilities: { ips: true },
  ipam: { type: "host-local", ranges: [[{ subnet: "10.95.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
};
const listOf = (name: string, plugins: readonly object[] = [BRIDGE], cniVersion = "1.1.0") => ({
  cniVersion,
  name,
  plugins,
});

/** Both kinds of executables. The README's line makes native ones where there is a C compiler. */
const KINDS = [
  { kind: "as the README installs them", binDir: BIN_DIR, install: [] },
  { kind: "that start Node", binDir: "/opt/cnidaria/node-bin", install: ["--no-native"] },
] as const;

describe.skipIf(missing !== "").for(KINDS)(`libcni over executables $kind${missing}`, ({ binDir, install }) => {
  let node: Node;
  const names: string[] = [];
  beforeAll(async () => {
    node = await createNode();
    switchOver(node);
    node.must(["cnidaria", "shim", "install", "--bin-dir", binDir, ...install]);
  });
  afterEach(() => {
    for (const name of names.splice(0)) node.must(["ip", "netns", "del", name]);
  });
  afterAll(() => node.close());

  const ask = (asked: Asked): Answer => {
    const request = {
      binDirs: [binDir, REFERENCE_DIR],
      cacheDir: join(node.folder, "cache"),
      ifname: "eth0",
      ...asked,
    };
    return JSON.parse(node.must([LIBCNI], { input: JSON.stringify(request) })) as Answer;
  };
  /** A container, as each request names it. */
  const containerOf = (containerId: string) => {
    names.push(containerId);
    return { containerId, netns: node.addNetns(containerId) };
  };

  test("validates a list, and gives the capabilities", () => {
    expect(ask({ op: "validate", list: listOf("valid") })).toEqual({ result: ["ips"] });
    const { error } = ask({ op: "validate", list: listOf("valid", [{ type: "nothing" }]) });
    expect(error?.msg).toContain("nothing");
  });

  test("adds, checks, caches and removes", () => {
    const list = listOf("plain");
    const container = containerOf("box1");
    const { result } = ask({ op: "add", list, ...container });
    expect(result).toMatchObject({
      cniVersion: "1.1.0",
      interfaces: [{ name: "lib0" }, {}, { name: "eth0", sandbox: "/run/netns/box1" }],
      ips: [{ address: "10.95.0.2/24", gateway: "10.95.0.1", interface: 2 }],
      routes: [{ dst: "0.0.0.0/0" }],
    });
    expect(ask({ op: "check", list, ...container })).toEqual({});
    expect(ask({ op: "cached-result", list, ...container })).toEqual({ result });
    expect(ask({ op: "cached-attachments", list, ...container }).result).toHaveLength(1);
    node.must(["ip", "netns", "exec", "box1", "ping", "-c", "1", "-W", "5", "10.95.0.1"]);
    expect(ask({ op: "del", list, ...container })).toEqual({});
    expect(ask({ op: "del", list, ...container })).toEqual({});
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("passes capability arguments and CNI_ARGS on", () => {
    const list = listOf("asked");
    const container = {
      ...containerOf("box2"),
      capabilityArgs: { ips: ["10.95.0.66/24"] },
      args: [["IgnoreUnknown", "1"]],
    } as const;
    expect(ask({ op: "add", list, ...container }).result).toMatchObject({ ips: [{ address: "10.95.0.66/24" }] });
    expect(ask({ op: "del", list, ...container })).toEqual({});
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test.for([
    {
      title: "ours first",
      plugins: [BRIDGE, { type: "loopback" }, { type: "tuning", sysctl: { "net.core.somaxconn": "500" } }],
    },
    {
      title: "ours last",
      plugins: [
        { type: "ptp", ipam: { type: "static", addresses: [{ address: "10.96.0.2/24", gateway: "10.96.0.1" }] } },
        { type: "loopback" },
      ],
    },
  ])("runs a chain of ours and the reference's, one executable each: $title", ({ plugins }) => {
    const list = listOf("chain", plugins, "1.0.0");
    const container = containerOf("box3");
    const { result, error } = ask({ op: "add", list, ...container });
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ interfaces: expect.arrayContaining([expect.objectContaining({ name: "eth0" })]) });
    expect(ask({ op: "check", list, ...container })).toEqual({});
    expect(ask({ op: "del", list, ...container })).toEqual({});
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("keeps the code of an error", () => {
    const container = containerOf("box4");
    const { error } = ask({
      op: "add",
      list: listOf("odd", [{ ...BRIDGE, ipam: { type: "host-local", subnet: "x" } }]),
      ...container,
    });
    expect(error).toMatchObject({ code: 7 });
    expect(ask({ op: "add", list: listOf("gone"), containerId: "box5", netns: "/run/netns/box5" }).error).toMatchObject(
      { code: 8 },
    );
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("asks for the status", () => {
    expect(ask({ op: "status", list: listOf("ready") })).toEqual({});
  });

  test("collects what is not valid, and nothing else", () => {
    const list = listOf("littered");
    const [kept, lost] = [containerOf("kept"), containerOf("lost")];
    for (const container of [kept, lost]) expect(ask({ op: "add", list, ...container }).error).toBeUndefined();
    const valid = [{ containerID: "kept", ifname: "eth0" }];
    expect(ask({ op: "gc", list, valid })).toEqual({});
    expect(remainsOf(node).leases).toMatchObject([{ containerId: "kept" }]);
    // One that libcni knows nothing of: its cache is gone.
    const { result } = ask({ op: "add", list, ...containerOf("forgotten") });
    expect(result).toMatchObject({ ips: [{}] });
    node.must(["sh", "-c", 'rm "$1"/results/*forgotten*', "sh", join(node.folder, "cache")]);
    expect(ask({ op: "gc", list, valid })).toEqual({});
    expect(remainsOf(node).leases).toMatchObject([{ containerId: "kept" }]);
    expect(ask({ op: "gc", list, valid: [] })).toEqual({});
    expect(remainsOf(node)).toEqual(NOTHING);
  });
});
