/**
 * Which operations run beside which: one per container, GC alone, and those that are part of another. Needs root.
 */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { BeginOperation } from "../../../host/helper/protocol.ts";
import { testNamespace } from "../support/cases.ts";
import { beginParameters, startBench } from "../support/bench.ts";
import type { Bench } from "../support/bench.ts";
import { startTestHelper } from "../support/helper.ts";
import type { TestHelper } from "../support/helper.ts";

const AGAIN = { kind: "tryAgainLater" };
const GC = { verb: "GC", containerId: "", ifname: "" } as const;
const DEL = { verb: "DEL" } as const;

/** Begins an operation and gives its id. */
async function begin(helper: TestHelper, changes: Partial<BeginOperation>): Promise<string> {
  const parameters = beginParameters(changes);
  await helper.request("begin-operation", parameters);
  return parameters.operationId;
}

async function end(helper: TestHelper, operationId: string, outcome: "ok" | "error" = "ok"): Promise<void> {
  await helper.request("end-operation", { operationId, outcome, result: "{}", phasesMicroseconds: {} });
}

/** A second helper of the same node. */
const another = ({ stateDir, node }: Bench): Promise<TestHelper> => startTestHelper({ stateDir, nodePath: node.path });

async function verbsOf(helper: TestHelper): Promise<readonly string[]> {
  const { rows } = await helper.request("read-log", {});
  return rows.filter(({ event }) => event === "begin").map(({ data }) => (JSON.parse(data) as { verb: string }).verb);
}

test.for(["the same helper", "another helper"])("a GC waits for the ADD of %s, which is kept", async (which) => {
  const bench = await startBench();
  const { helper } = bench;
  const other = which === "the same helper" ? helper : await another(bench);
  const add = await begin(helper, { netns: bench.container.path });
  const gc = beginParameters(GC);
  const begun = other.request("begin-operation", gc);
  await end(helper, add);
  await begun;
  // The ADD ended first: it is on record, and the GC has come after it.
  expect((await other.request("list-attachments", {})).attachments).toMatchObject([{ containerId: "c1" }]);
  expect(await verbsOf(other)).toEqual(["ADD", "GC"]);
  await end(other, gc.operationId);
});

test.for(["the same helper", "another helper"])("an ADD and a DEL wait for the GC of %s", async (which) => {
  const bench = await startBench();
  const { helper } = bench;
  const other = which === "the same helper" ? helper : await another(bench);
  const gc = await begin(helper, GC);
  const waiting = [
    beginParameters({ netns: bench.container.path }),
    beginParameters({ ...DEL, containerId: "c2", network: "net2" }),
  ];
  const begun = waiting.map((parameters) => other.request("begin-operation", parameters));
  await end(helper, gc);
  await Promise.all(begun);
  expect((await verbsOf(other)).toSorted()).toEqual(["ADD", "DEL", "GC"]);
  for (const { operationId } of waiting) await end(other, operationId);
});

test("a GC that waits in vain is to be tried again, and an ADD that does as well", async () => {
  const bench = await startBench();
  const { helper } = bench;
  const other = await another(bench);
  const add = await begin(helper, { netns: bench.container.path });
  await expect(begin(other, GC)).rejects.toMatchObject(AGAIN);
  await end(helper, add);
  const gc = await begin(other, GC);
  await expect(begin(helper, { ...DEL })).rejects.toMatchObject(AGAIN);
  await end(other, gc);
});

test("STATUS waits for nobody, and verbs of other containers run beside each other", async () => {
  const bench = await startBench();
  const second = testNamespace();
  const gc = await begin(bench.helper, GC);
  const status = await begin(bench.helper, { verb: "STATUS", containerId: "", ifname: "" });
  for (const id of [gc, status]) await end(bench.helper, id);
  const ids = [
    await begin(bench.helper, { netns: bench.container.path }),
    await begin(bench.helper, { netns: second.path, containerId: "c2" }),
  ];
  for (const id of ids) await end(bench.helper, id);
});

test("what a helper held that was killed, a GC does not wait for", async () => {
  const bench = await startBench();
  const other = await another(bench);
  await begin(bench.helper, { netns: bench.container.path });
  bench.helper.process.kill("SIGKILL");
  await bench.helper.exited;
  await end(other, await begin(other, GC));
});

test("a GC is about no container", async () => {
  const { helper } = await startBench();
  await expect(begin(helper, { verb: "GC" })).rejects.toMatchObject({ kind: "invalidEnvironment" });
});

test("a DEL that is part of a GC runs while that holds everybody else off", async () => {
  const bench = await startBench();
  const { helper } = bench;
  await end(helper, await begin(helper, { netns: bench.container.path }));
  const gc = await begin(helper, GC);
  const del = await begin(helper, { ...DEL, within: gc });
  const beside = await begin(helper, { ...DEL, containerId: "c2", within: gc });
  for (const id of [del, beside, gc]) await end(helper, id);
  expect((await helper.request("list-attachments", {})).attachments).toEqual([]);
});

test.for([
  { title: "of another network", changes: { ...DEL, network: "net2" } },
  { title: "and an ADD", changes: {} },
])("a GC has no part $title", async ({ changes }) => {
  const { helper, container } = await startBench();
  const gc = await begin(helper, GC);
  await expect(begin(helper, { netns: container.path, ...changes, within: gc })).rejects.toMatchObject(AGAIN);
  await end(helper, gc);
});

test("an operation is part of none that never was, is over, or is about another container", async () => {
  const bench = await startBench();
  const { helper } = bench;
  const netns = bench.container.path;
  await expect(begin(helper, { netns, within: randomUUID() })).rejects.toMatchObject(AGAIN);
  const over = await begin(helper, { netns });
  await end(helper, over);
  await expect(begin(helper, { netns, within: over })).rejects.toMatchObject(AGAIN);
  const open = await begin(helper, { netns });
  const foreign = { ...DEL, containerId: "c2", within: open };
  await expect(begin(helper, foreign)).rejects.toMatchObject(AGAIN);
  await end(helper, open);
});

test("an operation is part of none whose helper was killed", async () => {
  const bench = await startBench();
  const other = await another(bench);
  const netns = bench.container.path;
  const open = await begin(bench.helper, { netns });
  const part = await begin(other, { netns, within: open });
  await end(other, part);
  bench.helper.process.kill("SIGKILL");
  await bench.helper.exited;
  await expect(begin(other, { netns, within: open })).rejects.toMatchObject(AGAIN);
});

test("parts of one operation, and parts of these, do not wait for each other", async () => {
  const bench = await startBench();
  const { helper } = bench;
  const other = await another(bench);
  const netns = bench.container.path;
  const outer = await begin(helper, { netns });
  const part = await begin(other, { netns, within: outer, scope: "ipam" });
  const inner = await begin(helper, { netns, within: part, scope: "more" });
  await end(helper, inner);
  await end(other, part);
  await end(helper, outer);
});

test("another operation of the container waits for the parts of a dead one, and is refused while they live", async () => {
  const bench = await startBench();
  const other = await another(bench);
  const netns = bench.container.path;
  const open = await begin(bench.helper, { netns });
  const part = await begin(other, { netns, within: open, scope: "ipam" });
  bench.helper.process.kill("SIGKILL");
  await bench.helper.exited;
  const third = await another(bench);
  await expect(begin(third, { ...DEL })).rejects.toMatchObject(AGAIN);
  await end(other, part, "error");
  await end(third, await begin(third, { ...DEL }));
});
