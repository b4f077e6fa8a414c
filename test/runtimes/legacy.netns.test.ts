/** The reference plugins' executables, driven by Go's cnitool and by our command: the same configuration, the same outcome. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNode } from "./node.ts";
import type { Node, Outcome } from "./node.ts";
import { CNITOOL, REFERENCE_DIR, whyNot } from "./programs.ts";

const missing = whyNot(["cnitool", "plugins", "iptables"]);

const TOOLS = ["cnitool", "cnidaria"] as const;
type Tool = (typeof TOOLS)[number];

/** Types that the operator allows here. No component is installed. */
const TYPES = [
  "bridge",
  "ptp",
  "host-local",
  "static",
  "loopback",
  "portmap",
  "firewall",
  "tuning",
  "bandwidth",
] as const;

const IPAM = {
  type: "host-local",
  ranges: [[{ subnet: "10.97.0.0/24" }], [{ subnet: "fd00:97::/64" }]],
  routes: [{ dst: "0.0.0.0/0" }],
};
const BRIDGE = { type: "bridge", bridge: "ref0", isGateway: true, ipMasq: true, ipam: IPAM };
const PORTS = JSON.stringify({ portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] });
const STATIC = { type: "static", addresses: [{ address: "10.97.1.2/24", gateway: "10.97.1.1" }] };

const CHAINS: readonly {
  readonly title: string;
  readonly plugins: readonly object[];
  readonly env?: Record<string, string>;
  /** Those that all plugins of the chain know. */
  readonly versions?: readonly string[];
}[] = [
  { title: "bridge with host-local", plugins: [BRIDGE] },
  { title: "ptp with static", plugins: [{ type: "ptp", ipam: STATIC }] },
  { title: "bridge without IPAM", plugins: [{ type: "bridge", bridge: "ref0" }] },
  {
    title: "bridge, portmap, firewall and tuning, as podman writes them",
    plugins: [
      BRIDGE,
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "firewall", backend: "" },
      { type: "tuning", sysctl: { "net.core.somaxconn": "500" } },
    ],
    versions: ["0.4.0", "1.0.0"],
    env: { CAP_ARGS: PORTS },
  },
];

/** Replaces what differs from one pair of links to the next. */
const comparable = (text: string): string =>
  text
    .trimEnd()
    .replaceAll(/[0-9a-f]{2}(?::[0-9a-f]{2}){5}/gu, "MAC")
    .replaceAll(/veth[0-9a-f]{8}/gu, "VETH")
    .replaceAll(/CNI-(?:DN-)?[0-9a-f]{16,}/gu, "CHAIN")
    .replaceAll(/net-(?:cnitool|cnidaria)/gu, "NET");

describe.skipIf(missing !== "")(`the reference plugins under cnitool and under our command${missing}`, () => {
  let node: Node;
  let netns = "";

  beforeAll(async () => {
    node = await createNode();
    netns = node.addNetns("box");
    // An address is usable at once: what is compared does not depend on when it is read.
    node.must(["sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0"]);
    for (const type of TYPES) node.must(["cnidaria", "legacy", "allow", type]);
  });
  afterAll(() => node.close());

  const call = (tool: Tool, verb: string, env: Record<string, string> = {}): Outcome =>
    node.run([tool === "cnitool" ? CNITOOL : tool, verb, `net-${tool}`, netns], {
      env: { CNI_PATH: REFERENCE_DIR, ...env },
    });

  /** What the node has of it: links without addresses of their own making, rules, and host-local's leases. */
  const stateOf = (tool: Tool): string => {
    const parts = [
      node.must(["ip", "-o", "addr", "show", "scope", "global"]).replaceAll(/^\d+: | valid_lft.*$/gmu, ""),
      node.must(["iptables-save"]).replaceAll(/^#.*$|\[\d+:\d+\]/gmu, ""),
      node.must(["sh", "-c", `cd /var/lib/cni/networks/net-${tool} 2>/dev/null && ls; true`]),
      node.must(["ip", "netns", "exec", "box", "sysctl", "net.core.somaxconn"]),
    ];
    return comparable(parts.join("\n"));
  };

  /** Takes away what the reference leaves on a node: the bridge, chains, files. */
  const clean = (): void => {
    node.run(["ip", "link", "del", "ref0"]);
    const flush = ["iptables", "ip6tables"].flatMap((tool) =>
      ["nat", "filter"].flatMap((table) => ["-F", "-X"].map((flag) => `${tool} -t ${table} ${flag}`)),
    );
    node.must(["sh", "-c", [...flush, "rm -rf /var/lib/cni/*"].join(" && ")]);
  };

  const observe = (tool: Tool, list: object, verbs: readonly string[], env?: Record<string, string>) => {
    clean();
    node.write(`/etc/cni/net.d/net-${tool}.conflist`, JSON.stringify({ ...list, name: `net-${tool}` }));
    return verbs.map((verb) => {
      const { status, stdout } = call(tool, verb, env);
      return { verb, status, stdout: status === 0 ? comparable(stdout) : "", state: stateOf(tool) };
    });
  };

  describe.for(CHAINS)("$title", ({ plugins, env, versions = ["0.3.1", "0.4.0", "1.0.0"] }) => {
    test.for(versions)("version %s", (cniVersion) => {
      const verbs = ["add", ...(cniVersion === "0.3.1" ? [] : ["check"]), "del", "del"];
      const [theirs, ours] = TOOLS.map((tool) => observe(tool, { cniVersion, plugins }, verbs, env));
      expect(ours).toEqual(theirs);
      expect(ours?.[0]?.status).toBe(0);
    });
  });

  test.for([
    ["cnitool", "cnidaria"],
    ["cnidaria", "cnitool"],
  ] as const)("what %s added, %s checks and removes", ([first, second]) => {
    clean();
    // firewall removes by the result of before: without it the rules stay.
    const plugins = [{ type: "ptp", ipMasq: true, ipam: IPAM }, { type: "firewall" }];
    const name = `net-${first}`;
    node.write(`/etc/cni/net.d/${name}.conflist`, JSON.stringify({ cniVersion: "1.0.0", name, plugins }));
    const programs = { cnitool: [CNITOOL], cnidaria: ["cnidaria", "--cache-dir", "/var/lib/cni"] } as const;
    const env = { CNI_PATH: REFERENCE_DIR };
    const ask = (tool: Tool, verb: string) => node.run([...programs[tool], verb, name, netns], { env }).status;
    expect([ask(first, "add"), ask(second, "check"), ask(second, "del")]).toEqual([0, 0, 0]);
    expect(stateOf(first)).not.toMatch(/VETH|10\.97/u);
    expect(node.run(["ls", "/var/lib/cni/results"]).stdout).toBe("");
  });

  test.for([
    { title: "a plugin's own error", verb: "add", plugins: [{ ...BRIDGE, ipam: { type: "host-local", subnet: "x" } }] },
    { title: "a second plugin that fails", verb: "add", plugins: [BRIDGE, { type: "tuning", sysctl: { "a.b": "1" } }] },
    {
      title: "a second plugin of another version",
      verb: "add",
      plugins: [BRIDGE, { type: "firewall" }],
      cniVersion: "0.3.1",
    },
    { title: "CHECK of what was never added", verb: "check", plugins: [BRIDGE] },
  ])("fail together, and ours leaves nothing: $title", ({ verb, plugins, cniVersion = "1.0.0" }) => {
    const [theirs, ours] = TOOLS.map((tool) => observe(tool, { cniVersion, plugins }, [verb]));
    expect([theirs?.[0]?.status, ours?.[0]?.status]).toEqual([1, 1]);
    expect(ours?.[0]?.state).not.toMatch(/VETH|^10\.97/mu);
    for (const tool of TOOLS) call(tool, "del");
    node.run(["ip", "-n", "box", "link", "del", "eth0"]);
  });
});
