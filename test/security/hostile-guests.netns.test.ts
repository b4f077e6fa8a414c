/**
 * @module Plugins with a sin each, through the real host, with their manifest granted: each fails with a code that says so, alone.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditRow } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import { componentOf, createTestHost, manifestOf } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { sandboxesOf } from "../support/processes.ts";
import { containerSnapshot, expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import { LIMITS, SINS } from "./sins.ts";

const networkOf = (type: string): JsonObject => ({ cniVersion: "1.1.0", name: "hostile", plugins: [{ type }] });

describe("a hostile guest", () => {
  let subject: TestHost;
  beforeAll(async () => {
    subject = await createTestHost({ plugins: ["no-op"] });
    for (const { name } of SINS) await subject.install({ name, limits: LIMITS });
    await subject.install({ name: "log-flood", limits: { ...LIMITS, deadlineMs: 20_000 } });
    await subject.install({ name: "kept-handle", limits: LIMITS });
  });
  afterAll(() => subject[Symbol.asyncDispose]());

  test.for(SINS)(
    "that commits $name is ended with code $code, alone, and leaves nothing",
    async ({ name, code, says }) => {
      using container = createContainer();
      const requestOf = (type: string) => ({
        network: networkOf(type),
        containerId: container.id,
        netns: container.netns,
        ifname: "eth0",
      });
      const { host, stateDir } = subject;
      const [before, inside, sandboxes] = [
        await snapshot(subject),
        containerSnapshot(container.id),
        sandboxesOf(stateDir),
      ];
      // A second time: the sandbox that sinned was replaced.
      for (const attempt of ["first", "second"]) {
        const failure = await failureOf(host.add(requestOf(name)));
        expect({ attempt, code: failure.code }).toEqual({ attempt, code });
        expect(failure.text).toMatch(says);
        await expectNothingLeft(before, subject);
        expect(containerSnapshot(container.id)).toEqual(inside);
      }
      const isKilled = code !== 101 && name !== "invalid-result";
      if (isKilled)
        await until("the end of the sandboxes that sinned", () =>
          sandboxesOf(stateDir).every((pid) => sandboxes.includes(pid)),
        );

      expect(await host.add(requestOf("no-op"))).toMatchObject({ cniVersion: "1.1.0" });
      await host.del(requestOf("no-op"));
      await expectNothingLeft(before, subject);
    },
  );

  test("that makes up a handle is heard by nobody", async () => {
    using container = createContainer();
    let operationId = "";
    const network = networkOf("forged-handle");
    await failureOf(
      subject.host.add({
        network,
        containerId: container.id,
        netns: container.netns,
        ifname: "eth0",
        onBegin: (id) => (operationId = id),
      }),
    );
    const rows = await subject.host.log({ operationId });
    expect(operationsIn(rows)).toEqual([]);
    expect(rows.map(({ event }) => event)).not.toContain("breach");
  });

  test("that keeps its handle finds nothing kept in the next call", async () => {
    for (let round = 0; round < 2; round += 1) {
      using container = createContainer();
      const request = {
        network: networkOf("kept-handle"),
        containerId: container.id,
        netns: container.netns,
        ifname: "eth0",
      };
      expect(await subject.host.add(request)).toMatchObject({ said: "nothing kept" });
      await subject.host.del(request);
    }
  });

  test("that floods the log is cut at the limit, and its call goes on", async () => {
    using container = createContainer();
    const before = await snapshot(subject);
    let operationId = "";
    const request = {
      network: networkOf("log-flood"),
      containerId: container.id,
      netns: container.netns,
      ifname: "eth0",
    };
    await subject.host.add({ ...request, onBegin: (id) => (operationId = id) });
    const lines = logIn(await subject.host.log({ operationId }));
    expect(lines.join("").length).toBeLessThan(8192);
    expect(lines.at(-1)).toMatch(/\d+ more lines were dropped/u);
    await subject.host.del(request);
    await expectNothingLeft(before, subject);
  });

  test("that imports what its manifest does not list is not installed", async () => {
    const installed = await subject.host.list();
    const failure = await failureOf(
      subject.host.install({
        component: await componentOf("ungranted-import"),
        manifest: manifestOf("ungranted-import"),
      }),
    );
    expect(failure.code).toBe(104);
    expect(failure.text).toMatch(/it imports "masquerade", and its manifest does not ask/u);
    expect(await subject.host.list()).toEqual(installed);
  });

  test("that loops dies with its host", async () => {
    await using other = await createTestHost({ plugins: [{ name: "loop-in-add" }] });
    using container = createContainer();
    const added = failureOf(
      other.host.add({
        network: networkOf("loop-in-add"),
        containerId: container.id,
        netns: container.netns,
        ifname: "eth0",
      }),
    );
    await until("the sandbox", () => sandboxesOf(other.stateDir).length > 0);
    await other.host.close();
    await added;
    await until("its end", () => sandboxesOf(other.stateDir).length === 0);
  });
});

interface CallData {
  readonly operations?: readonly { readonly operation: string }[];
  readonly log?: readonly { readonly message: string }[];
}

function dataOf(rows: readonly AuditRow[]): readonly CallData[] {
  return rows.map(({ data }) => JSON.parse(data) as CallData);
}

function operationsIn(rows: readonly AuditRow[]): string[] {
  return dataOf(rows).flatMap(({ operations = [] }) => operations.map(({ operation }) => operation));
}

function logIn(rows: readonly AuditRow[]): string[] {
  return dataOf(rows).flatMap(({ log = [] }) => log.map(({ message }) => message));
}
