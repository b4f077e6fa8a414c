import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HELPER_CAPABILITIES, helperCommand, startHelper } from "../../host/helper/client.ts";
import { isCniError } from "../../host/spec/error.ts";

/** A stand-in for the helper: answers `hello`, refuses `list-plugins`, dies on `read-ledger`, is silent on the rest. */
const FAKE = `
import { createServer } from "node:net";
import { readFileSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { FrameReader, encodeFrame } from ${JSON.stringify(new URL("../../host/helper/frames.ts", import.meta.url).href)};
const stateDir = process.argv[process.argv.indexOf("--state-dir") + 1];
if (process.argv.includes("--refuse")) {
  writeSync(3, JSON.stringify({ error: { kind: "stateUnusable", code: 106, message: "no" } }) + "\\n");
  process.exit(1);
}
if (process.argv.includes("--crash")) throw new Error("boom at start");
const path = stateDir + "/s-" + process.pid;
const server = createServer((socket) => {
  const reader = new FrameReader(1e6);
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    for (const frame of reader.push(chunk)) {
      if (frame.role) { if (frame.role === "sandbox") socket.write(encodeFrame({ type: "ready" })); continue; }
      if (frame.method === "hello") socket.write(encodeFrame({ id: frame.id, result: { env: { ...process.env }, pid: process.pid } }));
      if (frame.method === "list-plugins") socket.write(encodeFrame({ id: frame.id, error: { kind: "notPermitted", code: 101, message: "no", details: "d" } }));
      if (frame.method === "read-leases") socket.write(encodeFrame({ id: 77, result: 1 }));
      if (frame.method === "read-ledger") process.exit(3);
    }
  });
});
server.listen(path, () => writeSync(3, JSON.stringify({ socket: path }) + "\\n"));
const pipe = new Socket({ fd: 3 });
pipe.on("close", () => process.exit(0));
pipe.resume();
`;

let folder = "";
let entry = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cnidaria-client-"));
  entry = join(folder, "fake.mjs");
  await writeFile(entry, FAKE);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const start = (...helperArguments: string[]) =>
  startHelper({ stateDir: folder, nodePath: process.execPath, helperEntry: entry, helperArguments });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the helper's command line", () => {
  test("names every Linux capability that is kept, and drops the rest", () => {
    const command = helperCommand({ stateDir: "/s", nodePath: "/n", helperEntry: "/h" });
    expect(command.slice(0, 3)).toEqual([
      "--inh-caps=-all",
      `--bounding-set=-all,+${HELPER_CAPABILITIES.join(",+")}`,
      "--",
    ]);
    expect(command.slice(-3)).toEqual(["/h", "--state-dir", "/s"]);
  });
});

const needsRoot = process.getuid?.() === 0 ? describe : describe.skip;
needsRoot("a started helper (as root: setpriv changes the bounding set)", () => {
  test("answers, has an empty environment, and is gone after disposal", async () => {
    const client = await start();
    const hello = (await client.request("hello", {})) as unknown as { env: object; pid: number };
    expect(hello.env).toEqual({});
    expect(hello.pid).toBe(client.pid);
    await client[Symbol.asyncDispose]();
    expect(isAlive(client.pid)).toBe(false);
  });

  test("gives an error that the helper answered as one of the same kind", async () => {
    await using client = await start();
    await expect(client.request("list-plugins", {})).rejects.toMatchObject({
      kind: "notPermitted",
      code: 101,
      details: "d",
    });
  });

  test("opens a channel that starts with its own opening", async () => {
    await using client = await start();
    const channel = await client.openChannel({ role: "sandbox", protocol: 1, sandboxId: "a", digest: "sha256:00" });
    const first = await new Promise<Buffer>((resolve) => channel.once("data", resolve));
    expect(first.subarray(4).toString()).toBe('{"type":"ready"}');
    channel.destroy();
  });

  test("rejects everything that waits when the helper dies, and everything after", async () => {
    await using client = await start();
    const waiting = client.request("read-log", {});
    const dying = client.request("read-ledger", {});
    await expect(waiting).rejects.toMatchObject({ kind: "helperFailed" });
    await expect(dying).rejects.toMatchObject({ kind: "helperFailed" });
    await expect(client.request("hello", {})).rejects.toMatchObject({ kind: "helperFailed" });
    expect(isCniError(await client.closed)).toBe(true);
  });

  test("takes an answer to nothing for a breach of the protocol", async () => {
    await using client = await start();
    await expect(client.request("read-leases", {})).rejects.toMatchObject({ kind: "helperFailed" });
  });

  test("rejects with the reason that the helper gave when it does not start", async () => {
    await expect(start("--refuse")).rejects.toMatchObject({ kind: "stateUnusable", code: 106 });
  });

  test("rejects with what the helper wrote when it crashes at start", async () => {
    const error = await start("--crash").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "helperFailed" });
    expect((error as { details: string }).details).toContain("boom at start");
  });
});
