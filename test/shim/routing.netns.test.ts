/** `ptp` and `sbr`, an exec each. Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createContainer, nodeLinks, nodeRules } from "../host/stage.ts";
import type { Container } from "../host/stage.ts";
import { installExecutables } from "./executables.ts";
import type { Executables } from "./executables.ts";

let executables: Executables;

beforeAll(async () => {
  executables = await installExecutables(["host-local", "ptp", "sbr"]);
});
afterAll(() => executables[Symbol.asyncDispose]());

const NETWORK = {
  ptp: {
    ipMasq: true,
    ipam: { type: "host-local", ranges: [[{ subnet: "10.88.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
  },
  sbr: {},
} as const;

const execute = (type: keyof typeof NETWORK, command: string, container: Container, prevResult?: object) =>
  executables.execute(command, container, { cniVersion: "1.0.0", name: "routed", type, ...NETWORK[type], prevResult });

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
