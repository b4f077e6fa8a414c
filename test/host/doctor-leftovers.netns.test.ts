/**
 * `doctor` finds what was left behind on the node without a row of the ledger. Runs in a node namespace of its own: `npm test` makes it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Difference, Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { openLedger, said } from "../support/ledger.ts";
import { snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";

const MBIT = 1_000_000;
const RATES = { ingressRate: 8 * MBIT, ingressBurst: MBIT, egressRate: 8 * MBIT, egressBurst: MBIT };
const networkBy = (backend: string): JsonObject => ({
  cniVersion: "1.1.0",
  name: "left-over",
  plugins: [
    {
      type: "bridge",
      bridge: "lft0",
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: backend,
      macspoofchk: true,
      ipam: { type: "host-local", subnet: "10.86.0.0/24" },
    },
    { type: "portmap", backend, conditionsV4: ["-s", "10.0.0.0/8"], capabilities: { portMappings: true } },
    { type: "firewall", backend, ingressPolicy: "same-bridge" },
    { type: "bandwidth", ...RATES },
  ],
});

let stage: TestHost;
let host: Host;
let container: TestContainer;
let before: Snapshot;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local", "portmap", "firewall", "bandwidth"] });
  ({ host } = stage);
  before = await snapshot();
});
beforeEach(() => {
  container = createContainer();
});
afterEach(() => container[Symbol.dispose]());
afterAll(() => stage[Symbol.asyncDispose]());

const request = (backend: string) => ({
  network: networkBy(backend),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings: [{ hostPort: 8086, containerPort: 80, protocol: "tcp" }] },
});
const NAMES =
  /[0-9a-f]{14,}|\bveth\w+|\bifb[0-9a-f]+|\bbwp\w+|"[^"]*"|\b10\.86\.0\.\d+|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}| of iptables-\w+, IPv[46]/gu;
const shapes = (differences: readonly Difference[]): readonly string[] =>
  [...new Set(said(differences).map((text) => text.replaceAll(NAMES, "…")))].toSorted();

function forget(...kinds: readonly string[]): void {
  using ledger = openLedger(stage.stateDir);
  for (const kind of kinds) {
    ledger.exec(`DELETE FROM owned WHERE kind = '${kind}'`);
    ledger.exec(`DELETE FROM shared_users WHERE shared_id IN (SELECT id FROM shared WHERE kind = '${kind}')`);
    ledger.exec(`DELETE FROM shared WHERE kind = '${kind}'`);
  }
}

describe("by nftables", () => {
  beforeEach(() => host.add(request("nftables")));
  afterEach(async () => {
    await host.del(request("nftables"));
    expect(await host.doctor()).toEqual({ differences: [], alive: [] });
    expect(await snapshot()).toEqual(before);
  });

  test.for([
    {
      title: "guards of ports",
      kinds: ["spoof-guard"],
      left: [
        "untold element … … of the packet filter's map bridge guard_macs",
        "untold element … of the packet filter's map bridge guard_ports",
      ],
    },
    {
      title: "ports with conditions",
      kinds: ["host-port", "port-conditions"],
      left: [
        "untold element … of the packet filter's map cnidaria_conditions ports_any_v4",
        "untold element … of the packet filter's map cnidaria_conditions when_any_v4",
      ],
    },
    {
      title: "links that ports go by",
      kinds: ["port-link"],
      left: [
        "untold element lft0 of the packet filter's map ports_links",
        "untold element lft0 lft0 of the packet filter's map ports_links",
      ],
    },
    {
      title: "rates, and the links that stand for them",
      kinds: ["shaping"],
      left: [
        "untold ifb … of the node",
        "untold rate of link …, to the container",
        "untold redirection of what link … receives",
      ],
    },
  ])("finds $title, and removes them with what they were in", async ({ kinds, left }) => {
    expect(await host.doctor()).toEqual({ differences: [], alive: [] });
    forget(...kinds);
    expect(shapes((await host.doctor()).differences)).toEqual(left.toSorted());
    const { differences } = await host.doctor({ repair: true, removeUntold: true });
    expect(shapes(differences)).toEqual(left.map((text) => `${text} repaired`).toSorted());
    expect(await host.doctor()).toEqual({ differences: [], alive: [] });
  });

  test("finds chains that nothing is in", async () => {
    const address = /inet (10\.86\.0\.\d+)/u.exec(container.ip("-o addr show eth0"))?.[1] ?? "";
    forget("spoof-guard", "masquerade", "port-conditions", "host-port");
    run("nft", "flush", "map", "bridge", "cnidaria", "guard_ports");
    run("nft", "flush", "set", "bridge", "cnidaria", "guard_macs");
    run("nft", "delete", "element", "inet", "cnidaria", "masquerade_v4", `{ ${address} }`);
    for (const map of ["when_any_v4", "ports_any_v4"]) run("nft", "flush", "map", "inet", "cnidaria_conditions", map);
    const left = [
      "untold chain subnet_v4_10_86_0_0_24 of the packet filter's table cnidaria",
      "untold chain when_…_v4_… of the packet filter's table cnidaria_conditions",
      "untold chains of the packet filter's table cnidaria for hardware addresses of ports",
      "untold chains of the packet filter's table cnidaria for masquerading",
      "untold chains of the packet filter's table cnidaria_conditions for published ports with conditions",
    ];
    const shape = (text: string): string => text.replace(/when_[0-9a-f]{32}_v4_[0-9a-f]+/u, "when_…_v4_…");
    expect(
      said((await host.doctor()).differences)
        .map(shape)
        .toSorted(),
    ).toEqual(left);
    await host.doctor({ repair: true, removeUntold: true });
    expect(await host.doctor()).toEqual({ differences: [], alive: [] });
  });

  test("sees that links which ports go by are not in the packet filter any more, and puts them back", async () => {
    run("nft", "flush", "set", "inet", "cnidaria", "ports_links");
    const left = "missing published ports over link lft0";
    expect(said((await host.doctor()).differences)).toEqual([left]);
    expect(said((await host.doctor({ repair: true })).differences)).toEqual([`${left} repaired`]);
    expect(run("nft", "list", "set", "inet", "cnidaria", "ports_links")).toContain(`"lft0" . "lft0"`);
  });
});

describe.for(["iptables-nft", "iptables-legacy"])("by %s", (variant) => {
  const ours = (): string => {
    const saved = ["iptables", "ip6tables"].map((name) => run(variant.replace("iptables", name) + "-save"));
    return saved.flatMap((text) => text.split("\n").filter((line) => /cnidaria/iu.test(line))).join("\n");
  };

  test("finds rules and chains, and removes them and nothing else's", async () => {
    run(variant, "-t", "nat", "-A", "POSTROUTING", "-s", "198.51.100.0/24", "-j", "MASQUERADE");
    await host.add(request(variant));
    expect(await host.doctor()).toEqual({ differences: [], alive: [] });
    forget(
      "masquerade-iptables",
      "forward-rules-iptables",
      "host-port",
      "published-address",
      "isolation",
      "iptables-frame",
    );
    const { differences } = await host.doctor({ repair: true, removeUntold: true });
    expect(shapes(differences)).toEqual(
      [
        "untold chain CNIDARIA-FORWARD…, table filter repaired",
        "untold chain CNIDARIA-GUARD…, table mangle repaired",
        "untold chain CNIDARIA-ISOLATE…, table mangle repaired",
        "untold chain CNIDARIA-ISOLATE-2…, table mangle repaired",
        "untold chain CNIDARIA-M-……, table nat repaired",
        "untold chain CNIDARIA-MASQ…, table nat repaired",
        "untold chain CNIDARIA-P-……, table nat repaired",
        "untold chain CNIDARIA-PORTS…, table nat repaired",
        "untold chain CNIDARIA-PORTS-SRC…, table nat repaired",
        "untold chain CNIDARIA-Q-……, table nat repaired",
        "untold rule … in chain CNIDARIA-FORWARD… repaired",
        "untold rule … in chain CNIDARIA-ISOLATE… repaired",
        "untold rule … in chain CNIDARIA-ISOLATE-2… repaired",
        "untold rule … in chain CNIDARIA-MASQ… repaired",
        "untold rule … in chain CNIDARIA-PORTS… repaired",
        "untold rule … in chain CNIDARIA-PORTS-SRC… repaired",
      ].toSorted(),
    );
    expect(ours()).toBe("");
    expect(run(variant, "-t", "nat", "-S", "POSTROUTING")).toContain("198.51.100.0/24");
    await host.del(request(variant));
    expect(await host.doctor()).toEqual({ differences: [], alive: [] });
    run(variant, "-t", "nat", "-F", "POSTROUTING");
  });
});
