/**
 * @module Rates as the reference plugin sets them, on a node of its own: the kernel has the same, and what it made can be deleted.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { execPlugin } from "../support/exec.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { callReference, HAS_REFERENCE, NO_REFERENCE } from "./reference.ts";

let node: TestHost;
let dataDir: string;
beforeAll(async () => {
  node = await createTestHost({ plugins: ["bandwidth", "bridge", "host-local"] });
  dataDir = join(node.stateDir, "..", "networks");
  mkdirSync(dataDir);
});
afterAll(async () => node[Symbol.asyncDispose]());

const bridge = (): JsonObject => ({
  cniVersion: "1.0.0",
  name: "rates",
  type: "bridge",
  bridge: "cni8",
  ipam: { type: "host-local", subnet: "10.71.0.0/24", dataDir },
});
const bandwidth: JsonObject = {
  cniVersion: "1.0.0",
  name: "rates",
  type: "bandwidth",
  ingressRate: 40_000_000,
  ingressBurst: 2_000_000,
  egressRate: 20_000_000,
  egressBurst: 1_000_000,
};
const byReference = (command: "ADD" | "CHECK" | "DEL", { id, netns }: TestContainer, configuration: JsonObject) =>
  callReference({ type: String(configuration["type"]), command, containerId: id, netns, configuration });
const exec = (command: string, container: TestContainer, configuration: JsonObject): Promise<string> =>
  execPlugin(node.host, command, container, configuration);
/** What the kernel has of rates, without handles and what differs by chance. */
const rates = (): readonly string[] =>
  [...run("tc", "qdisc", "show").matchAll(/dev (\w{3}).*(rate .*lat \d+ms)/gu)]
    .map(([, link, text]) => `${link} ${text}`)
    .toSorted();
const namesOf = (result: JsonObject): readonly string[] =>
  (result["interfaces"] as readonly { readonly name: string }[]).map(({ name }) => name);

describe.skipIf(!HAS_REFERENCE)(`the reference plugin and this one${NO_REFERENCE}`, () => {
  test("set the same, by an ifb link of the same name, and each deletes what the other made", async () => {
    using container = createContainer();
    const made = await byReference("ADD", container, bridge());
    const theirs = await byReference("ADD", container, { ...bandwidth, prevResult: made });
    const [wanted, ifb] = [rates(), namesOf(theirs).at(-1) ?? ""];
    expect(wanted).toHaveLength(2);
    // Taken over: this DEL is the one that it gets.
    await node.host.importLeases({ dir: dataDir, networks: ["rates"] });
    await exec("DEL", container, { ...bandwidth, prevResult: theirs });
    expect(run("ip", "-br", "link")).not.toContain(ifb);
    for (const place of ["root", "ingress"]) run("tc", "qdisc", "del", "dev", namesOf(made)[1] ?? "", place);

    const ours = JSON.parse(await exec("ADD", container, { ...bandwidth, prevResult: made })) as JsonObject;
    expect(namesOf(ours)).toEqual(namesOf(theirs));
    expect(rates()).toEqual(wanted);
    await byReference("DEL", container, { ...bandwidth, prevResult: ours });
    expect(run("ip", "-br", "link")).not.toContain(ifb);
    await exec("DEL", container, { ...bandwidth, prevResult: ours });
    expect(run("tc", "qdisc", "show")).not.toMatch(/tbf|ingress/u);
    await byReference("DEL", container, { ...bridge(), prevResult: made });
    run("ip", "link", "del", "cni8");
  });
});
