/** Runs in a node namespace of its own: `npm test` makes it. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import { createFolder, createContainer, bridgeNetwork, installGuests, nodeLinks } from "./stage.ts";
import type { Container, Folder } from "./stage.ts";

let folder: Folder;
let host: Host;
let container: Container;
const warnings: string[] = [];
beforeEach(async () => {
  folder = createFolder();
  container = createContainer();
  warnings.splice(0);
  host = await createHost({
    stateDir: join(folder.path, "state"),
    cacheDir: join(folder.path, "cni"),
    onWarning: (line) => warnings.push(line),
  });
  await installGuests(host, ["bridge", "host-local"]);
});
afterEach(async () => {
  await host.close();
  container[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const cached = (): readonly string[] => readdirSync(join(folder.path, "cni", "results"));
const keyOf = (network: object, ifname = "eth0") => ({
  network: JSON.stringify(network),
  containerId: container.name,
  ifname,
});
const requestOf = (network: object, ifname = "eth0") => ({ ...keyOf(network, ifname), netns: container.netns });

test("an attachment is known from the ledger and from its file, in the version that the list has now", async () => {
  const network = bridgeNetwork(1);
  const runtimeConfig = { mac: "02:11:22:33:44:55" };
  const result = await host.add({ ...requestOf(network), args: [["IgnoreUnknown", "1"]], runtimeConfig });
  expect(cached()).toEqual([`net1-${container.name}-eth0`]);
  expect(await host.cachedResult(keyOf(network))).toEqual(result);
  expect(await host.cachedResult(keyOf({ ...network, cniVersion: "0.4.0" }))).toMatchObject({
    cniVersion: "0.4.0",
    ips: [{ version: "4", address: "10.77.1.2/24" }],
  });
  const [attachment, ...others] = await host.cachedAttachments(container.name);
  expect(others).toEqual([]);
  expect(attachment).toEqual({
    network: "net1",
    containerId: container.name,
    ifname: "eth0",
    netns: container.netns,
    configuration: JSON.stringify(network),
    args: [["IgnoreUnknown", "1"]],
    runtimeConfig,
    result,
  });
  expect(await host.cachedAttachment(keyOf(network))).toEqual(attachment);
  expect(await host.cachedAttachment(keyOf(network, "net1"))).toBeUndefined();
  await host.del(requestOf(network));
  expect(cached()).toEqual([]);
  expect(await host.cachedResult(keyOf(network))).toBeUndefined();
  expect(await host.cachedAttachments()).toEqual([]);
});

test("an attachment that libcni made is known, checked and removed by its file", async () => {
  const network = bridgeNetwork(2);
  const result = await host.add(requestOf(network));
  const file = join(folder.path, "cni", "results", `net2-${container.name}-eth0`);
  const text = readFileSync(file, "utf8");
  await host.del(requestOf(network));
  // As libcni leaves it: a file, and nothing in our ledger.
  writeFileSync(file, text);
  expect(await host.cachedResult(keyOf(network))).toEqual(result);
  expect(await host.cachedAttachments(container.name)).toMatchObject([{ network: "net2" }]);
  await host.del(requestOf(network));
  expect(cached()).toEqual([]);
});

test("a broken file is passed over when attachments are listed, and DEL drops it and says so", async () => {
  const network = bridgeNetwork(3);
  await host.add(requestOf(network));
  const file = join(folder.path, "cni", "results", `net3-${container.name}-eth0`);
  await host.del(requestOf(network));
  writeFileSync(file, "{");
  expect(await host.cachedAttachments()).toEqual([]);
  await expect(host.cachedResult(keyOf(network))).rejects.toMatchObject({ kind: "decodingFailure" });
  await host.del(requestOf(network));
  expect(cached()).toEqual([]);
  expect(warnings).toEqual(["the cached result is not JSON; DEL goes on without it"]);
});

test("GC takes the files of what it removes", async () => {
  const network = bridgeNetwork(4);
  await host.add(requestOf(network));
  await host.add(requestOf(network, "eth1"));
  await host.gc({ network, valid: [{ containerId: container.name, ifname: "eth1" }] });
  expect(cached()).toEqual([`net4-${container.name}-eth1`]);
  await host.gc({ network, valid: [] });
  expect(cached()).toEqual([]);
  expect(nodeLinks()).toEqual([]);
});

test("an ADD whose file cannot be written is undone", async () => {
  const network = bridgeNetwork(5);
  rmSync(join(folder.path, "cni"), { recursive: true, force: true });
  writeFileSync(join(folder.path, "cni"), "");
  await expect(host.add(requestOf(network))).rejects.toMatchObject({ kind: "ioFailure" });
  expect(container.links()).toEqual([]);
  expect(nodeLinks()).toEqual([]);
  expect(await host.leases()).toEqual([]);
});
