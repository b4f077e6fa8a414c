/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installShims } from "../../host/shim/install.ts";
import { DIST, createContainer, createStage, nodeLinks, nodeRules, processesOf, until } from "../host/stage.ts";
import type { Folder } from "../host/stage.ts";

let folder: Folder;
let binDir = "";

beforeAll(async () => {
  const stage = await createStage();
  folder = stage.folder;
  binDir = join(folder.path, "bin");
  const types = await stage.host.list();
  await stage.host.close();
  const stateDir = join(folder.path, "state");
  installShims({ stateDir, bundleDir: DIST, nodePath: process.execPath, types, binDir, lingerSeconds: 60 });
});

afterAll(async () => {
  for (const { pid } of processesOf(folder.path).filter(({ command }) => command.includes("warm-host.mjs")))
    process.kill(pid, "SIGTERM");
  await until(() => processesOf(folder.path).length === 0);
  folder[Symbol.dispose]();
});

/** A network as podman writes it. */
const NETWORK = {
  bridge: {
    bridge: "pod0",
    isGateway: true,
    ipMasq: true,
    hairpinMode: true,
    ipam: { type: "host-local", routes: [{ dst: "0.0.0.0/0" }], ranges: [[{ subnet: "10.73.0.0/24" }]] },
  },
  firewall: { backend: "", ingressPolicy: "same-bridge" },
  bandwidth: { ingressRate: 40_000_000, ingressBurst: 2_000_000, egressRate: 20_000_000, egressBurst: 1_000_000 },
} as const;

/** Executes one plugin, as a runtime does with each of a list. */
function execute(
  type: keyof typeof NETWORK,
  command: string,
  container: { name: string; netns: string },
  prev?: object,
) {
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: container.name,
    CNI_NETNS: container.netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: binDir,
  };
  const input = JSON.stringify({
    cniVersion: "0.4.0",
    name: "podman",
    type,
    ...NETWORK[type],
    ...(prev === undefined ? {} : { prevResult: prev }),
  });
  const { status, stdout } = spawnSync(join(binDir, type), { env, input, encoding: "utf8" });
  return { status, answer: (stdout === "" ? {} : JSON.parse(stdout)) as object };
}

test("firewall after bridge, an exec each, adds, checks and removes", () => {
  using container = createContainer();
  const made = execute("bridge", "ADD", container);
  expect(made.status).toBe(0);
  const added = execute("firewall", "ADD", container, made.answer);
  expect(added).toEqual({ status: 0, answer: made.answer });
  expect(execFileSync("nft", ["list", "table", "inet", "cnidaria"], { encoding: "utf8" })).toMatch(
    /map forward_v4[^}]*10\.73\.0\.2[^}]*goto forward_allowed/u,
  );
  expect(execute("firewall", "CHECK", container, added.answer)).toEqual({ status: 0, answer: {} });
  expect(execute("firewall", "DEL", container, added.answer).status).toBe(0);
  expect(execute("firewall", "CHECK", container, added.answer)).toMatchObject({
    status: 1,
    answer: { code: 999, msg: expect.stringContaining("10.73.0.2 is not forwarded") as unknown },
  });
  expect(execute("firewall", "DEL", container).status).toBe(0);
  expect(execute("bridge", "DEL", container, made.answer).status).toBe(0);
  expect([nodeLinks(), nodeRules()]).toEqual([[], []]);
});

test("bandwidth after bridge and firewall, an exec each, adds, checks and removes", () => {
  using container = createContainer();
  const disciplines = (): string => execFileSync("tc", ["qdisc", "show"], { encoding: "utf8" });
  const made = execute("bridge", "ADD", container);
  const allowed = execute("firewall", "ADD", container, made.answer);
  const added = execute("bandwidth", "ADD", container, allowed.answer);
  expect(added.status).toBe(0);
  const { interfaces } = added.answer as { readonly interfaces: readonly { readonly name: string }[] };
  const [, nodeEnd, , ifb] = interfaces.map(({ name }) => name);
  expect(disciplines()).toMatch(new RegExp(`tbf \\w+: dev ${nodeEnd} root .*rate 40Mbit`, "u"));
  expect(disciplines()).toMatch(new RegExp(`tbf \\w+: dev ${ifb} root .*rate 20Mbit`, "u"));
  for (const type of ["bandwidth", "firewall", "bridge"] as const)
    expect(execute(type, "CHECK", container, added.answer)).toEqual({ status: 0, answer: {} });
  expect(execute("bandwidth", "DEL", container, added.answer).status).toBe(0);
  expect(disciplines()).not.toMatch(/tbf|ingress/u);
  for (const type of ["firewall", "bridge", "bandwidth"] as const)
    expect(execute(type, "DEL", container, added.answer).status).toBe(0);
  expect([nodeLinks(), nodeRules()]).toEqual([[], []]);
});

test("firewall needs the result of the plugins before it", () => {
  using container = createContainer();
  expect(execute("firewall", "ADD", container)).toMatchObject({ status: 1, answer: { code: 7 } });
  expect(execute("firewall", "DEL", container).status).toBe(0);
});
