import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { connectTo } from "../../host/helper/connect.ts";
import { PROTOCOL_VERSION } from "../../host/helper/protocol.ts";

const OPENING = { role: "host", protocol: PROTOCOL_VERSION } as const;

/** Listens, and is gone from every connection at once. */
const FORSAKING = `require("node:net").createServer((socket) => socket.destroy()).listen("\\0" + process.argv[1], () => console.log("ready"));`;

async function startForsaking(path: string): Promise<void> {
  const child = spawn(process.execPath, ["-e", FORSAKING, path.slice(1)], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
}

/** Lets others run, and nothing of this process. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test("a helper that is gone between the connection and its first frame is an error of the call, not of the process", async () => {
  const path = `\0cnidaria-t-${randomUUID()}`;
  await startForsaking(path);
  // The kernel has connected when this returns; the other side is gone by the time it is told here.
  const connecting = connectTo(path, OPENING);
  standStill(300);
  await expect(connecting).rejects.toMatchObject({ kind: "helperFailed" });
});

test("nobody who listens is an error of the call", async () => {
  await expect(connectTo(`\0cnidaria-t-${randomUUID()}`, OPENING)).rejects.toMatchObject({ kind: "helperFailed" });
});
