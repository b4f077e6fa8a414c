/**
 * @module A restart of the machine: what the ledger has of a former uptime is reclaimed by the next helper.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import { openLedger } from "../support/ledger.ts";
import { rowsLeft } from "./remains.ts";
import { createStage, networkOf, requestOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

const NETWORK = networkOf("reboot", "10.81.0.0/24");

let stage: Stage;
beforeAll(async () => {
  stage = await createStage(["bridge", "host-local"]);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Makes every record one of a former uptime. */
function forgetUptime(): void {
  using database = openLedger(stage.stateDir);
  database.prepare("UPDATE boots SET boot_id = ?").run(randomUUID());
}

/** What the machine's restart takes, besides the namespaces: the node's links and rules. */
function restartNode(): void {
  run("ip", "link", "del", "reboot0");
  run("nft", "flush", "ruleset");
}

describe("after a restart of the machine", () => {
  test("records and leases of containers that are gone are reclaimed, and their addresses given again", async () => {
    const gone = createContainer();
    const first = await stage.openHost();
    const before = await first.add(requestOf(gone, NETWORK));
    await first.close();
    gone.remove();
    restartNode();
    forgetUptime();

    const second = await stage.openHost();
    await second.list();
    expect(rowsLeft(stage.stateDir)).toEqual([]);
    // A runtime that remembers the container still asks.
    await second.del({ ...requestOf(gone, NETWORK), netns: "" });
    using next = createContainer();
    // The next address follows the last one that was given: a subnet of one address shows that it is free.
    const after = await second.add(requestOf(next, NETWORK));
    expect(after["ips"]).not.toEqual(before["ips"]);
    await second.del(requestOf(next, NETWORK));
    expect(rowsLeft(stage.stateDir)).toEqual([]);
    await second.close();
  });

  test("an operation that the restart cut off is no longer open, and its lease is free", async () => {
    using database = openLedger(stage.stateDir);
    const boot = database.prepare("SELECT id FROM boots").get()?.["id"] as number;
    database
      .prepare("INSERT INTO operations VALUES ('cut-off', '1', 'reboot', 'c', 'eth0', 'ADD', 0, 'test', 1, ?, '')")
      .run(boot);
    database
      .prepare("INSERT INTO leases VALUES ('reboot', 4, ?, 0, 'c', 'eth0', 'cut-off', ?, '')")
      .run(Buffer.from([10, 81, 0, 9]), boot);
    forgetUptime();
    const host = await stage.openHost();
    await host.list();
    expect(rowsLeft(stage.stateDir)).toEqual([]);
    await host.close();
  });

  test("a namespace of the same name is another one: its records go all the same, and DEL does not touch it", async () => {
    const old = createContainer();
    const first = await stage.openHost();
    await first.add(requestOf(old, NETWORK));
    await first.close();
    old.remove();
    run("ip", "netns", "add", old.id);
    restartNode();
    run("ip", "-n", old.id, "link", "add", "eth0", "type", "veth", "peer", "name", "other0");
    forgetUptime();

    const second = await stage.openHost();
    await second.list();
    expect(rowsLeft(stage.stateDir)).toEqual([]);
    await second.del(requestOf(old, NETWORK));
    expect(run("ip", "-n", old.id, "-o", "link", "show", "dev", "eth0")).toContain("eth0");
    await second.close();
    run("ip", "netns", "del", old.id);
  });
});
