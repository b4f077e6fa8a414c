/** `ptp` and `sbr`, an exec each. Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installShims } from "../../host/shim/install.ts";
import { DIST, createContainer, createStage, nodeLinks, nodeRules, processesOf, until } from "../host/stage.ts";
import type { Folder } from "../host/stage.ts";

let folder: Folder;
let binDir = "";

beforeAll(async () => {
  const stage = await createStage(["host-local", "ptp", "sbr"]);
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

const NETWORK = {
  ptp: {
    ipMasq: true,
    ipam: { type: "host-local", ranges: [[{ subnet: "10.88.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
  },
  sbr: {},
} as const;

/** Executes one plugin, as a runtime does with each of a list. */
function execute(
  type: keyof typeof NETWORK,
  command: string,
  { name, netns }: { readonly name: string; readonly netns: string },
  prevResult?: object,
) {
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: name,
    CNI_NETNS: netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: binDir,
  };
  const input = JSON.stringify({ cniVersion: "1.0.0", name: "routed", type, ...NETWORK[type], prevResult });
  const { status, stdout } = spawnSync(join(binDir, type), { env, input, encoding: "utf8" });
  return { status, answer: (stdout === "" ? {} : JSON.parse(stdout)) as object };
}

const inside = (name: string, ...command: string[]): string =>
  execFileSync("ip", ["netns", "exec", name, ...command], { encoding: "utf8" });

test("sbr after ptp, an exec each, adds, checks and removes", () => {
  using container = createContainer();
  const { name } = container;
  const rules = inside(name, "ip", "rule");
  const made = execute("ptp", "ADD", container);
  expect(made).toMatchObject({ status: 0, answer: { interfaces: [{}, { name: "eth0" }] } });
  const routes = inside(name, "ip", "route");
  inside(name, "ping", "-n", "-c", "1", "-W", "2", "10.88.0.1");
  expect(execute("sbr", "ADD", container, made.answer)).toEqual(made);
  expect(inside(name, "ip", "rule")).toMatch(/from 10\.88\.0\.\d+ lookup 100/u);
  expect(inside(name, "ip", "route", "show", "table", "100")).toMatch(/default via 10\.88\.0\.1/u);
  expect(inside(name, "ip", "route")).toBe("");
  inside(name, "ping", "-n", "-c", "1", "-W", "2", "-I", "eth0", "10.88.0.1");
  expect(execute("sbr", "CHECK", container, made.answer)).toEqual({ status: 0, answer: {} });
  expect(execute("sbr", "DEL", container, made.answer).status).toBe(0);
  expect(inside(name, "ip", "rule")).toBe(rules);
  expect(inside(name, "ip", "route").split("\n").toSorted()).toEqual(routes.split("\n").toSorted());
  expect(execute("sbr", "CHECK", container, made.answer)).toMatchObject({ status: 1, answer: { code: 999 } });
  expect(execute("ptp", "CHECK", container, made.answer)).toEqual({ status: 0, answer: {} });
  expect(execute("sbr", "DEL", container).status).toBe(0);
  expect(execute("ptp", "DEL", container, made.answer).status).toBe(0);
  expect([nodeLinks(), nodeRules()]).toEqual([[], []]);
});

test("sbr needs the result of the plugins before it", () => {
  using container = createContainer();
  expect(execute("sbr", "ADD", container)).toMatchObject({ status: 1, answer: { code: 7 } });
  expect(execute("sbr", "DEL", container).status).toBe(0);
});
