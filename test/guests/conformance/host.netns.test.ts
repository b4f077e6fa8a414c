/**
 * @module The contract of plugins, kept by every bundled guest in its sandbox, on a real node.
 */
import { afterAll, beforeAll } from "vitest";

import type { AttachmentRequest } from "../../../host/index.ts";
import { run } from "../../support/command.ts";
import { createContainer } from "../../support/container.ts";
import { createTestHost } from "../../support/host.ts";
import type { TestHost } from "../../support/host.ts";
import { containerSnapshot, snapshot } from "../../support/snapshot.ts";
import { describePluginContract } from "./plugin-contract.ts";
import type { Invocation, PluginDriver } from "./plugin-contract.ts";
import type { Surroundings } from "./subjects.ts";
import { SANDBOX, SUBJECTS } from "./subjects.ts";

let subject: TestHost;
beforeAll(async () => {
  subject = await createTestHost({
    plugins: ["bandwidth", "bridge", "firewall", "host-local", "loopback", "portmap", "ptp", "sbr", "static", "tuning"],
  });
});
afterAll(() => subject[Symbol.asyncDispose]());

/** What the kernel puts on a loopback link when it is first set up, and leaves there. */
const isLoopbacks = (line: string): boolean => /^address lo |"dev":"lo"/u.test(line);

/** The node's ends of links that the container has: they go with its namespace. */
const isPeers = (line: string): boolean => /^(?:link|address) peer-|"dev":"peer-/u.test(line);

let networks = 0;

/** Drives one plugin through the host, for one container, in a network of its own: the next address is the first. */
async function openThroughHost(type: string, { links = [], runtimeConfig = {} }: Surroundings): Promise<PluginDriver> {
  const { host } = subject;
  const id = SANDBOX.slice(SANDBOX.lastIndexOf("/") + 1);
  const container = createContainer(id);
  for (const name of links) container.ip(`link add ${name} type veth peer name peer-${name} netns ${process.pid}`);
  const inventoryInside = (): readonly string[] => [
    ...containerSnapshot(id),
    ...["-4", "-6"].flatMap((family) => container.ip(`${family} rule`).trim().split("\n")),
    `net.core.somaxconn ${container.run("cat", "/proc/sys/net/core/somaxconn").trim()}`,
  ];
  const fresh = inventoryInside();
  const name = `net-${(networks += 1)}`;
  let isGone = false;
  const used = new Map<string, AttachmentRequest>();
  const requestOf = ({ configuration, ifname = "eth0", args = [] }: Invocation): AttachmentRequest => ({
    network: { ...configuration, name, type },
    containerId: id,
    netns: isGone ? "" : SANDBOX,
    ifname,
    args,
    runtimeConfig,
  });
  return {
    add: async (invocation) => {
      const request = requestOf(invocation);
      const result = await host.add(request);
      used.set(request.ifname, request);
      return result;
    },
    check: async (invocation) => void (await host.check(requestOf(invocation))),
    del: async (invocation) => {
      if (invocation.namespaceGone === true) {
        for (const name of links) run("ip", "link", "del", `peer-${name}`);
        container.remove();
        isGone = true;
      }
      await host.del(requestOf(invocation));
    },
    // A namespace that is gone has no more than a new one.
    inventory: async () => {
      const inside = isGone ? fresh : inventoryInside();
      const outside = (await snapshot(subject)).filter((line) => !isPeers(line));
      return [...outside, ...inside.filter((line) => !isLoopbacks(line))];
    },
    [Symbol.asyncDispose]: async () => {
      try {
        for (const request of used.values()) await host.del({ ...request, netns: isGone ? "" : request.netns });
      } finally {
        // The kernel takes its time with a namespace.
        for (const name of isGone ? [] : links) run("ip", "link", "del", `peer-${name}`);
        container[Symbol.dispose]();
      }
    },
  };
}

for (const { types, links, runtimeConfig, ...rest } of SUBJECTS)
  describePluginContract({ ...rest, open: () => openThroughHost(types[0], { links, runtimeConfig }) });
