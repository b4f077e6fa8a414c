/**
 * @module Runs the hostile plugins where root is root of a user namespace only, and prints what came of it as one line of JSON.
 */
import { mkdirSync } from "node:fs";
import { isCniError } from "../../host/index.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import { processesOf } from "../support/processes.ts";
import { LIMITS, SINS } from "./sins.ts";

interface Outcome {
  readonly name: string;
  readonly code: number | undefined;
}

run("mount", "-t", "tmpfs", "tmpfs", "/run");
mkdirSync("/run/netns");
run("ip", "link", "set", "lo", "up");

const subject = await createTestHost({
  plugins: ["no-op", "bridge", "host-local", ...SINS.map(({ name }) => ({ name, limits: LIMITS }))],
});
const { host, stateDir } = subject;
const outcomes: Outcome[] = [];

async function add(plugin: { readonly type: string }): Promise<number | undefined> {
  using container = createContainer();
  const request = {
    network: { cniVersion: "1.1.0", name: "reduced", plugins: [plugin] },
    containerId: container.id,
    netns: container.netns,
    ifname: "eth0",
  };
  try {
    await host.add(request);
    await host.del(request);
    return undefined;
  } catch (error) {
    if (!isCniError(error)) throw error;
    return error.code;
  }
}

for (const { name } of SINS) outcomes.push({ name, code: await add({ type: name }) });
const bridge = {
  type: "bridge",
  bridge: "red0",
  isGateway: true,
  ipam: { type: "host-local", subnet: "10.35.0.0/24" },
};
const works = { noOp: await add({ type: "no-op" }), bridge: await add(bridge) };
const isolation = await host.isolation();
const left = {
  ledger: await host.ledger(),
  leases: await host.leases(),
  links: run("ip", "-br", "link").trim().split("\n").length,
};
await subject[Symbol.asyncDispose]();
console.log(JSON.stringify({ isolation, outcomes, works, left, processes: processesOf(stateDir) }));
