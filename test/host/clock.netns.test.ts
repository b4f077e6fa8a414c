/**
 * A clock that is set back between plugins that a runtime executes one by one. Runs in a node namespace of its own: `npm test` makes it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { createContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import { openLedger } from "../support/ledger.ts";
import { chainOf } from "./two-plugins.ts";

let stage: TestHost;
let host: Host;
beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local", "masks"] });
  ({ host } = stage);
});
afterAll(() => stage[Symbol.asyncDispose]());

test("records keep their order, and GC goes from the last to the first", async () => {
  const before = await snapshot(stage);
  using container = createContainer();
  const chain = chainOf({ host, container, subnet: 0, ifname: "eth0" });
  await chain.add("bridge");
  {
    using database = openLedger(stage.stateDir);
    const sql = "UPDATE attachments SET created_at_ms = ? WHERE container_id = ?";
    expect(database.prepare(sql).run(Date.UTC(2099, 0, 1), chain.container.id).changes).toBe(1);
  }
  await chain.add("masks");
  const records = await host.attachments({ containerId: chain.container.id });
  const inOrder = records.toSorted((left, right) => left.createdAtMs - right.createdAtMs);
  expect(inOrder.map(({ scope }) => scope)).toEqual(["bridge", "masks"]);
  await host.gc({ network: String(inOrder.at(-1)?.configuration), valid: [] });
  const rows = await host.log({ limit: 100 });
  const calls = rows.filter(({ event, containerId }) => event === "call" && containerId === chain.container.id);
  const types = calls.map(({ data }) => (JSON.parse(data) as JsonObject)["type"]);
  expect(types.filter((type) => type !== "host-local").slice(-2)).toEqual(["masks", "bridge"]);
  await expectNothingLeft(before, stage);
});
