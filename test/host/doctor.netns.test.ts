/**
 * `doctor`: ledger and node compared in both directions, and put right. Runs in a node namespace of its own: `npm test` makes it.
 */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { nodeEndOf, openLedger, said } from "../support/ledger.ts";

const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "doctored",
  plugins: [
    {
      type: "bridge",
      bridge: "doc0",
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: "nftables",
      ipam: { type: "host-local", subnet: "10.84.0.0/24" },
    },
    { type: "portmap", capabilities: { portMappings: true } },
    { type: "firewall" },
  ],
};

/** How long the kernel may take for what it does by and by, in milliseconds. */
const WAIT_MS = 10_000;

let stage: TestHost;
let host: Host;
let container: TestContainer;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local", "portmap", "firewall"] });
  ({ host } = stage);
});
beforeEach(async () => {
  container = createContainer();
  await host.add(request());
});
afterEach(async () => {
  await host.del(request());
  container[Symbol.dispose]();
  expect(await host.doctor()).toEqual({ differences: [], alive: [] });
});
afterAll(() => stage[Symbol.asyncDispose]());

const request = () => ({
  network: NETWORK,
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings: [{ hostPort: 8084, containerPort: 80, protocol: "tcp" }] },
});
const vethName = (): Promise<string> => nodeEndOf(host, container.id);
const addressOf = (): string => /inet (10\.84\.0\.\d+)/u.exec(container.ip("-o addr show eth0"))?.[1] ?? "";
const database = (): DatabaseSync => openLedger(stage.stateDir);

test("all is well with an attachment that nobody touched", async () => {
  expect(await host.doctor()).toEqual({ differences: [], alive: [] });
  expect(await host.doctor({ repair: true })).toEqual({ differences: [], alive: [] });
});

test("what is on record and not on the node is put back", async () => {
  run("nft", "delete", "element", "inet", "cnidaria", "masquerade_v4", `{ ${addressOf()} }`);
  run("ip", "link", "set", await vethName(), "down");
  const { differences } = await host.doctor();
  expect(said(differences).toSorted()).toEqual([
    `changed link ${await vethName()} of the node`,
    `missing masquerade of ${addressOf()}`,
  ]);
  expect(said((await host.doctor({ repair: true })).differences).toSorted()).toEqual([
    `changed link ${await vethName()} of the node repaired`,
    `missing masquerade of ${addressOf()} repaired`,
  ]);
  expect(await host.doctor()).toEqual({ differences: [], alive: [] });
});

describe("what is on the node and not on record", () => {
  const forget = (kind: string): void => {
    using ledger = database();
    ledger.exec(`DELETE FROM owned WHERE kind = '${kind}'`);
  };

  test("is named, and removed only where that is asked for", async () => {
    const address = addressOf();
    forget("masquerade");
    const untold = `untold element ${address} of the packet filter's map masquerade_v4`;
    expect(said((await host.doctor()).differences)).toEqual([untold]);
    expect(said((await host.doctor({ repair: true })).differences)).toEqual([`${untold} left`]);
    const { differences } = await host.doctor({ repair: true, removeUntold: true });
    expect(said(differences)).toEqual([`${untold} repaired`]);
    run("nft", "delete", "table", "inet", "cnidaria");
  });

  test("a link with a tag of its own that no row has", async () => {
    run("ip", "link", "add", "stray0", "type", "bridge");
    run("ip", "link", "set", "stray0", "alias", `cnidaria:${"0123456789abcdef".repeat(2)}`);
    run("ip", "link", "add", "theirs0", "type", "bridge");
    expect(said((await host.doctor()).differences)).toEqual(["untold bridge stray0 of the node"]);
    await host.doctor({ repair: true, removeUntold: true });
    expect(run("ip", "-br", "link")).not.toContain("stray0");
    expect(run("ip", "-br", "link")).toContain("theirs0");
    run("ip", "link", "del", "theirs0");
  });
});

test("an attachment whose namespace is gone is removed, and its address is free", async () => {
  container[Symbol.dispose]();
  // The kernel takes the pair along a little later than the name; until then somebody may hold the namespace.
  await vi.waitFor(async () => {
    const found = await host.doctor();
    expect(said(found.differences)).toContain(`namespace network namespace ${container.netns}`);
  }, WAIT_MS);
  const { differences } = await host.doctor({ repair: true });
  expect(differences.filter(({ repair }) => repair !== "repaired")).toEqual([]);
  expect(await host.leases()).toEqual([]);
  expect(await host.attachments()).toEqual([]);
  expect(await host.ledger()).toEqual([]);
  expect(run("nft", "list", "ruleset")).not.toContain("10.84.0");
  container = createContainer();
});

test("a lease without an attachment is released", async () => {
  {
    using ledger = database();
    ledger.exec(`UPDATE leases SET container_id = 'nobody'`);
  }
  const address = addressOf();
  const lease = `lease lease of ${address} in network doctored`;
  expect(said((await host.doctor()).differences)).toEqual([lease]);
  expect(said((await host.doctor({ repair: true })).differences)).toEqual([`${lease} repaired`]);
  expect(await host.leases()).toEqual([]);
});

test("a log whose rows were changed is named", async () => {
  let data = "";
  {
    using ledger = database();
    data = String(ledger.prepare("SELECT data FROM audit WHERE sequence = 3").get()?.["data"]);
    ledger.exec(`UPDATE audit SET data = '{}' WHERE sequence = 3`);
  }
  const { differences } = await host.doctor();
  expect(said(differences)).toEqual(["log the log's chain of hashes"]);
  expect(differences[0]?.found).toContain("row 3");
  using ledger = database();
  ledger.prepare("UPDATE audit SET data = ? WHERE sequence = 3").run(data);
});

test("a file of the state directory that others may write to gets its mode back", async () => {
  const path = join(stage.stateDir, "types", "bridge");
  chmodSync(path, 0o666);
  expect(said((await host.doctor()).differences)).toEqual([`directory ${path}`]);
  expect(said((await host.doctor({ repair: true })).differences)).toEqual([`directory ${path} repaired`]);
});
