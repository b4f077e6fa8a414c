/** Go's cnitool over our executables beside our own command, for the same configuration. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NOTHING, createNode, remainsOf } from "./node.ts";
import type { Node, Outcome } from "./node.ts";
import { CNITOOL, whyNot } from "./programs.ts";
import { BIN_DIR, switchOver } from "./switch.ts";

const missing = whyNot(["cnitool"]);

const VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
/** Versions that know CHECK. Source: CNI SPEC, its history. */
const HAS_CHECK = new Set<string>(["0.4.0", "1.0.0", "1.1.0"]);

/** Who drives: Go's command, or ours. */
type Tool = "cnitool" | "cnidaria";
const TOOLS = ["cnitool", "cnidaria"] as const;

const networkOf = (name: string, cniVersion: string, ipam: Record<string, unknown> = {}) => ({
  cniVersion,
  name,
  plugins: [
    {
      type: "bridge",
      bridge: "shared0",
      isGateway: true,
      ipMasq: true,
      capabilities: { ips: true },
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: "10.93.0.0/24" }], [{ subnet: "fd00:93::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }],
        ...ipam,
      },
    },
  ],
});

/** Replaces what differs from one veth pair to the next, and the newline that our command ends with. */
const comparable = (text: string): string =>
  text
    .trimEnd()
    .replaceAll(/"mac": "[0-9a-f:]{17}"/gu, '"mac": "MAC"')
    .replaceAll(/"name": "veth[0-9a-f]{8}"/gu, '"name": "VETH"');

describe.skipIf(missing !== "")(`cnitool and our command${missing}`, () => {
  let node: Node;
  let netns = "";

  beforeAll(async () => {
    node = await createNode();
    switchOver(node);
    netns = node.addNetns("box");
  });
  afterAll(() => node.close());

  const writeNetwork = (name: string, text: string): void => node.write(`/etc/cni/net.d/${name}.conflist`, text);

  const call = (tool: Tool, verb: string, network: string, env: Record<string, string> = {}): Outcome =>
    node.run([tool === "cnitool" ? CNITOOL : tool, verb, network, netns], { env: { CNI_PATH: BIN_DIR, ...env } });

  /** Performs verbs on a network of the tool's own, and gives what the outside sees. */
  const observe = (tool: Tool, version: string, verbs: readonly string[], env: Record<string, string> = {}) => {
    const network = `n${version.replaceAll(".", "")}-${tool}`;
    writeNetwork(network, JSON.stringify(networkOf(network, version)));
    return verbs.map((verb) => {
      const { status, stdout, stderr } = call(tool, verb, network, env);
      return status === 0 ? { verb, status, stdout: comparable(stdout) } : { verb, status, stderr, stdout };
    });
  };

  test.for(VERSIONS)("say the same in version %s", (version) => {
    const verbs = ["add", ...(HAS_CHECK.has(version) ? ["check"] : []), "del", "del"];
    const [theirs, ours] = TOOLS.map((tool) => observe(tool, version, verbs));
    expect(ours).toEqual(theirs);
    expect(ours?.map(({ status }) => status)).toEqual(verbs.map(() => 0));
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test.for(["0.3.1", "0.4.0", "1.0.0", "1.1.0"])("collect and report in version %s", (version) => {
    const verbs = ["status", "add", "gc", "status", "del"];
    const [theirs, ours] = TOOLS.map((tool) => {
      const seen = observe(tool, version, verbs);
      expect(remainsOf(node)).toEqual(NOTHING);
      return seen;
    });
    expect(ours).toEqual(theirs);
    expect(ours?.map(({ status }) => status)).toEqual(verbs.map(() => 0));
  });

  test("say the same to capability arguments and CNI_ARGS", () => {
    const env = { CAP_ARGS: JSON.stringify({ ips: ["10.93.0.50/24"] }), CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=box" };
    const [theirs, ours] = TOOLS.map((tool) => observe(tool, "1.0.0", ["add", "check", "del"], env));
    expect(ours?.[0]?.stdout).toContain("10.93.0.50/24");
    expect(ours).toEqual(theirs);
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  describe("end with the same code", () => {
    test.for([
      { title: "a network that is nowhere", verb: "add", text: undefined },
      { title: "a list without plugins", verb: "add", text: '{"cniVersion":"1.0.0","name":"bad","plugins":[]}' },
      {
        title: "a type that is not installed",
        verb: "add",
        text: '{"cniVersion":"1.0.0","name":"bad","plugins":[{"type":"nothing"}]}',
      },
      { title: "CHECK in a version without it", verb: "check", text: JSON.stringify(networkOf("bad", "0.3.1")) },
      { title: "CHECK of what was never added", verb: "check", text: JSON.stringify(networkOf("bad", "1.0.0")) },
      { title: "DEL of what was never added", verb: "del", text: JSON.stringify(networkOf("bad", "1.0.0")) },
      { title: "GC in a version without it", verb: "gc", text: JSON.stringify(networkOf("bad", "1.0.0")) },
      { title: "STATUS in a version without it", verb: "status", text: JSON.stringify(networkOf("bad", "1.0.0")) },
      {
        title: "a range that is none",
        verb: "add",
        text: JSON.stringify(networkOf("bad", "1.0.0", { ranges: [[{ subnet: "x" }]] })),
      },
      {
        title: "malformed CNI_ARGS",
        verb: "add",
        text: JSON.stringify(networkOf("bad", "1.0.0")),
        env: { CNI_ARGS: "A" },
      },
      {
        title: "malformed CAP_ARGS",
        verb: "add",
        text: JSON.stringify(networkOf("bad", "1.0.0")),
        env: { CAP_ARGS: "{" },
      },
      { title: "a verb that is none", verb: "mend", text: JSON.stringify(networkOf("bad", "1.0.0")) },
    ])("$title", ({ verb, text, env = {} }) => {
      node.must(["rm", "-f", "/etc/cni/net.d/bad.conflist"]);
      if (text !== undefined) writeNetwork("bad", text);
      const [theirs, ours] = TOOLS.map((tool) => call(tool, verb, "bad", env).status);
      node.must(["rm", "-f", "/etc/cni/net.d/bad.conflist"]);
      expect(ours).toBe(theirs);
      expect(remainsOf(node)).toEqual(NOTHING);
    });
  });
});
