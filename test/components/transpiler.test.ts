import { spawn, type ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseCoreModule } from "../../host/components/core-module.ts";
import { transpileOver } from "../../host/components/transpile-client.ts";
import { judgeNames } from "../../host/components/verify.ts";
import { buildFixture } from "../guests/fixtures/build.ts";
import { bundleEntry, type Bundle } from "../sandbox/bundles.ts";

const MIB = 1024 * 1024;
let bundle: Bundle;

beforeAll(async () => {
  bundle = await bundleEntry("host/components/transpiler.ts");
});
afterAll(() => bundle[Symbol.dispose]());

/** Starts the process as the fence does, less the fence: no files but its own, no environment. */
function startTranspiler(): { readonly child: ChildProcess; readonly socket: Socket } {
  const child = spawn(process.execPath, ["--permission", `--allow-fs-read=${bundle.path}`, bundle.path], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    env: {},
  });
  return { child, socket: child.stdio[3] as Socket };
}

test(
  "makes the same code of a component every time, its memories capped, its names harmless",
  { timeout: 30_000 },
  async () => {
    const component = await buildFixture("no-op");
    const [first, second] = [
      await transpileOver(startTranspiler().socket, component, 16 * MIB),
      await transpileOver(startTranspiler().socket, component, 16 * MIB),
    ];
    expect(first.files.map(({ name }) => name)[0]).toBe("component.js");
    expect(judgeNames(first.coreNames)).toEqual([]);
    expect(
      first.files.every(
        ({ bytes }, index) => Buffer.compare(bytes, second.files[index]?.bytes ?? new Uint8Array()) === 0,
      ),
    ).toBe(true);
    const maxima = first.files
      .slice(1)
      .flatMap(({ bytes }) =>
        parseCoreModule(bytes).memories.map(({ maximum }) => maximum ?? Number.POSITIVE_INFINITY),
      );
    expect(maxima.reduce((sum, pages) => sum + pages, 0)).toBeLessThanOrEqual(256);
  },
);

test.for([
  { title: "something that is no component", bytes: Uint8Array.from([1, 2, 3]), memoryBytes: MIB },
  { title: "an empty file", bytes: new Uint8Array(), memoryBytes: MIB },
])("refuses $title", async ({ bytes, memoryBytes }) => {
  await expect(transpileOver(startTranspiler().socket, bytes, memoryBytes)).rejects.toMatchObject({
    kind: "componentRejected",
  });
});

test("refuses a component that starts with more memory than is granted", async () => {
  await expect(transpileOver(startTranspiler().socket, await buildFixture("no-op"), 64 * 1024)).rejects.toMatchObject({
    kind: "componentRejected",
  });
});

test("fails when the process ends before its answer", async () => {
  const { child, socket } = startTranspiler();
  const answer = transpileOver(socket, await buildFixture("no-op"), MIB);
  child.kill("SIGKILL");
  await expect(answer).rejects.toMatchObject({ kind: "guestFailed" });
});
