import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { addNothing, beginParameters, startBench } from "./support/bench.ts";
import type { Bench } from "./support/bench.ts";
import { delOf, testNamespace } from "./support/cases.ts";
import { beginTestOperation, startTestSandbox } from "./support/helper.ts";

test.for<{ title: string; pathOf: (bench: Bench) => string }>([
  { title: "missing", pathOf: () => "/run/netns/cnidaria-t-none" },
  { title: "a file", pathOf: ({ stateDir }) => `${stateDir}/version` },
  { title: "a namespace of another kind", pathOf: () => "/proc/self/ns/uts" },
  { title: "relative", pathOf: () => "run/netns/x" },
  { title: "empty", pathOf: () => "" },
  { title: "the node's own", pathOf: ({ node }) => node.path },
  { title: "the helper's own", pathOf: ({ helper }) => `/proc/${helper.pid}/ns/net` },
])("refuses a namespace that is $title with code 8, and takes it as gone on DEL", async ({ pathOf }) => {
  const bench = await startBench();
  const netns = pathOf(bench);
  await expect(bench.helper.request("begin-operation", beginParameters({ netns }))).rejects.toMatchObject({ code: 8 });
  const del = await bench.helper.request("begin-operation", beginParameters({ verb: "DEL", netns }));
  expect(del.namespacePresent).toBe(false);
  await bench.helper.close();
});

test("refuses the namespace of another container, and of a sandbox", async () => {
  const bench = await startBench();
  const { helper, container, digest } = bench;
  const sandbox = await startTestSandbox(helper, digest);
  await addNothing(sandbox, bench);
  await expect(
    helper.request("begin-operation", beginParameters({ containerId: "c2", netns: container.path })),
  ).rejects.toMatchObject({ code: 8, message: expect.stringContaining('"c1"') as string });
  const children = readFileSync(`/proc/${helper.pid}/task/${helper.pid}/children`, "utf8").trim().split(" ");
  const netns = `/proc/${children[0] ?? ""}/ns/net`;
  await expect(helper.request("begin-operation", beginParameters({ containerId: "c3", netns }))).rejects.toMatchObject({
    code: 8,
    message: expect.stringContaining("sandbox") as string,
  });
  await helper.close();
});

test("neither CHECK nor DEL touches a namespace that took the place of the container's", async () => {
  const bench = await startBench();
  const { helper, container, digest } = bench;
  const sandbox = await startTestSandbox(helper, digest);
  await addNothing(sandbox, bench);
  const other = testNamespace();
  const check = beginParameters({ verb: "CHECK", netns: other.path });
  await expect(helper.request("begin-operation", check)).rejects.toMatchObject({
    code: 8,
    message: expect.stringContaining("not the namespace that the container was added with") as string,
  });
  const operation = await beginTestOperation(helper, sandbox, delOf(other.path));
  expect(operation.begun.namespacePresent).toBe(false);
  expect(await sandbox.ask("container-links.get", operation.call.containerHandle, "eth0")).toEqual({
    err: "no-namespace",
  });
  expect(container.name).not.toBe(other.name);
  await helper.close();
});
