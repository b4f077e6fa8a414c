/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createContainer, nodeLinks, nodeRules } from "../host/stage.ts";
import type { Container } from "../host/stage.ts";
import { installExecutables } from "./executables.ts";
import type { Executables } from "./executables.ts";

let executables: Executables;

beforeAll(async () => {
  executables = await installExecutables();
});
afterAll(() => executables[Symbol.asyncDispose]());

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

const execute = (type: keyof typeof NETWORK, command: string, container: Container, prevResult?: object) =>
  executables.execute(command, container, { cniVersion: "0.4.0", name: "podman", type, ...NETWORK[type], prevResult });

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
