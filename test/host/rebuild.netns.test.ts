/**
 * A ledger that is lost, damaged or of another release, with attachments that live on. Runs in a node namespace of its own: `npm test` makes it.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { componentOf, createStateFolder } from "../support/host.ts";
import { failureOf, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";

const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "rebuilt",
  plugins: [
    {
      type: "bridge",
      bridge: "reb0",
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: "nftables",
      ipam: { type: "host-local", subnet: "10.85.0.0/24" },
    },
    { type: "portmap", capabilities: { portMappings: true } },
    { type: "firewall", ingressPolicy: "same-bridge" },
  ],
};

let folder: string;
let container: TestContainer;
let before: Snapshot;

const stateDir = (): string => join(folder, "state");
const ledgerPath = (): string => join(stateDir(), "ledger", "ledger.db");
const open = () => createHost({ stateDir: stateDir(), cacheDir: join(folder, "cache") });
const request = () => ({
  network: NETWORK,
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings: [{ hostPort: 8085, containerPort: 80, protocol: "tcp" }] },
});

beforeEach(async () => {
  folder = createStateFolder();
  before = await snapshot();
  container = createContainer();
  await using host = await open();
  for (const name of ["bridge", "host-local", "portmap", "firewall"])
    await host.install({ component: await componentOf(name) });
  await host.add(request());
});
afterEach(async () => {
  container[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
  expect(await snapshot()).toEqual(before);
});

/** After the last helper has closed it, the file has all of it. */
function damage(kind: "lost" | "truncated" | "no database" | "corrupt page"): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(`${ledgerPath()}${suffix}`, { force: true });
  if (kind === "lost") return rmSync(ledgerPath());
  if (kind === "no database")
    return writeFileSync(ledgerPath(), "this is no database, and longer than a header of one".repeat(20));
  if (kind === "truncated") return truncateSync(ledgerPath(), 4096 * 3 + 100);
  const bytes = readFileSync(ledgerPath());
  bytes.fill(0xa5, 4096, 4096 * 3);
  writeFileSync(ledgerPath(), bytes);
}

async function expectWhole(): Promise<void> {
  await using host = await open();
  expect((await host.doctor()).differences).toEqual([]);
  await host.check(request());
  const { ips } = (await host.cachedResult(request())) as { ips: { address: string }[] };
  expect((await host.leases()).map(({ address }) => address)).toEqual(ips.map(({ address }) => address.split("/")[0]));
  await host.del(request());
  expect(await snapshot()).toEqual(before);
  expect(await host.ledger()).toEqual([]);
  expect(await host.leases()).toEqual([]);
}

describe("a ledger is made anew", () => {
  test.for(["lost", "truncated", "no database", "corrupt page"] as const)(
    "of the tags on the node and libcni's cache, when it is %s",
    async (kind) => {
      damage(kind);
      if (kind !== "lost") {
        await using host = await open();
        const failure = await failureOf(host.add(request()));
        expect(failure.code).toBe(106);
        expect(failure.text).toContain("cnidaria ledger rebuild");
      }
      {
        await using host = await open();
        const rebuilt = await host.rebuildLedger();
        expect(rebuilt.unattributed).toEqual([]);
        if (kind === "lost") expect(rebuilt.setAside).toBeNull();
        else expect(statSync(rebuilt.setAside ?? "").size).toBeGreaterThan(0);
      }
      await expectWhole();
    },
  );

  test("of a copy", async () => {
    const copy: string[] = [];
    {
      await using host = await open();
      for await (const line of host.exportLedger()) copy.push(line);
    }
    damage("lost");
    rmSync(join(folder, "cache"), { recursive: true });
    {
      await using host = await open();
      const rebuilt = await host.rebuildLedger({ copy });
      expect(rebuilt).toMatchObject({ unattributed: [], attributed: [] });
      expect(rebuilt.restored).toBeGreaterThan(5);
    }
    await expectWhole();
  });

  test("of a copy, but not of what it has of a former uptime of the machine", async () => {
    const copy: string[] = [];
    {
      await using host = await open();
      for await (const line of host.exportLedger()) copy.push(line);
      await host.del(request());
    }
    damage("lost");
    rmSync(join(folder, "cache"), { recursive: true });
    const former = copy.map((line) => line.replace(/"boot_id":"[^"]*"/u, '"boot_id":"a former one"'));
    expect(former).not.toEqual(copy);
    await using host = await open();
    const { restored, leftOut } = await host.rebuildLedger({ copy: former });
    // Where host-local goes on with its search is of no uptime.
    expect(restored).toBeLessThan(2);
    expect(leftOut).toBeGreaterThan(5);
    for (const list of [await host.ledger(), await host.leases()]) expect(list).toEqual([]);
    expect((await host.doctor()).differences).toEqual([]);
  });

  test.for([
    { title: "is the attachment's own there as well", says: undefined },
    { title: "is somebody else's there by now, and stays that one's", says: "theirs\r\neth0" },
  ])("with host-local's store beside it: an address $title", async ({ says }) => {
    const store = join(folder, "networks");
    // Its leases get their files, and the state directory remembers the store.
    await using first = await createHost({ stateDir: stateDir(), hostLocalStoreDir: store });
    const [lease] = await first.leases();
    await first.close();
    const file = join(store, "rebuilt", lease?.address ?? "");
    expect(readFileSync(file, "utf8")).toBe(`${container.id}\r\neth0`);
    if (says !== undefined) writeFileSync(file, says);
    damage("lost");
    {
      await using host = await open();
      expect((await host.rebuildLedger()).unattributed).toEqual([]);
      const leases = (await host.leases()).map(({ address, containerId }) => ({ address, containerId }));
      expect(leases).toEqual(says === undefined ? [{ address: lease?.address, containerId: container.id }] : []);
    }
    if (says === undefined) await expectWhole();
    await using host = await open();
    await host.del(request());
    expect(existsSync(file)).toBe(says !== undefined);
    expect(await host.ledger()).toEqual([]);
  });

  test("of nothing: what cannot be attributed is listed, and left alone", async () => {
    damage("lost");
    rmSync(join(folder, "cache"), { recursive: true });
    await using host = await open();
    const rebuilt = await host.rebuildLedger();
    expect(rebuilt.attributed).toEqual([]);
    expect(rebuilt.unattributed).toContain("bridge reb0 of the node");
    expect(run("ip", "-br", "link")).toContain("reb0");
    await host.doctor({ repair: true, removeUntold: true });
  });
});

test("guards of ports, rates and iptables are found as well; of ports by iptables it is said that nobody knows whose they are", async () => {
  const [bridge, portmap, firewall] = NETWORK["plugins"] as [JsonObject, JsonObject, JsonObject];
  const rate = 8_000_000;
  const network = {
    ...NETWORK,
    plugins: [
      { ...bridge, macspoofchk: true, ipMasqBackend: "iptables-nft" },
      { ...portmap, backend: "iptables-nft" },
      { ...firewall, ingressPolicy: "open", backend: "iptables-nft" },
      { type: "bandwidth", ingressRate: rate, ingressBurst: rate, egressRate: rate, egressBurst: rate },
    ],
  };
  const asked = { ...request(), network };
  {
    await using host = await open();
    await host.install({ component: await componentOf("bandwidth") });
    await host.del(request());
    await host.add(asked);
  }
  damage("lost");
  await using host = await open();
  const { attributed, unattributed } = await host.rebuildLedger();
  const text = attributed.join("\n");
  for (const part of ["guard_macs", "ifb bwp", "CNIDARIA-MASQ", "CNIDARIA-FORWARD"]) expect(text).toContain(part);
  expect(unattributed.length).toBeGreaterThan(0);
  expect(unattributed.filter((each) => !each.includes("CNIDARIA-P") && !each.includes("CNIDARIA-GUARD"))).toEqual([]);
  const { differences } = await host.doctor();
  expect(differences.map(({ what, object }) => (what === "untold" ? what : object))).toEqual(
    unattributed.map(() => "untold"),
  );
  await host.doctor({ repair: true, removeUntold: true });
  expect((await host.doctor()).differences).toEqual([]);
  await host.del(asked);
  for (const table of ["nat", "filter", "mangle"])
    expect(run("iptables-nft", "-t", table, "-S")).not.toMatch(/cnidaria/iu);
  for (const [name, table] of [
    ["iptables-nft", "ip"],
    ["ip6tables-nft", "ip6"],
  ] as const)
    for (const each of ["nat", "filter", "mangle"])
      if (run(`${name}-save`).includes(`*${each}`)) run("nft", "delete", "table", table, each);
});

describe("a ledger is left as it is", () => {
  const bytes = (): string => readFileSync(ledgerPath()).toString("base64");

  test("when it is sound", async () => {
    const found = bytes();
    await using host = await open();
    expect((await failureOf(host.rebuildLedger())).text).toContain("is not damaged");
    expect(bytes()).toBe(found);
    await host.del(request());
  });

  test("when it is of a newer release: refused by every call, and not touched", async () => {
    {
      using database = new DatabaseSync(ledgerPath());
      database.exec("UPDATE meta SET value = '999' WHERE name = 'schema'; PRAGMA wal_checkpoint(TRUNCATE)");
    }
    const found = bytes();
    {
      await using host = await open();
      for (const call of [() => host.add(request()), () => host.del(request()), () => host.rebuildLedger()]) {
        const failure = await failureOf(call());
        expect(failure.code).toBe(106);
        expect(failure.text).toContain("has schema 999");
      }
    }
    expect(bytes()).toBe(found);
    expect(readdirSync(join(stateDir(), "ledger")).filter((name) => name.includes("damaged"))).toEqual([]);
    using database = new DatabaseSync(ledgerPath());
    database.exec("UPDATE meta SET value = '2' WHERE name = 'schema'");
    database.close();
    await using host = await open();
    await host.del(request());
  });

  test("while another helper uses it", async () => {
    await using other = await open();
    await other.list();
    await using host = await open();
    expect((await failureOf(host.rebuildLedger())).text).toContain("another helper");
    await other.del(request());
  });
});
