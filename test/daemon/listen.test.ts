import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listenOnce } from "../../host/daemon/listen.ts";

let folder = "";
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-listen-"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const newServer = (greeting: string): Server => {
  const server = createServer((socket) => socket.on("error", () => {}).end(greeting));
  servers.push(server);
  return server;
};

const ask = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ path });
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });

/** Leaves a socket file whose process is gone. */
const leaveStale = (path: string): void => {
  const code = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  expect(() => execFileSync(process.execPath, ["-e", code])).toThrow();
  expect(existsSync(path)).toBe(true);
};

describe("listenOnce", () => {
  test("gives the name to the first, with mode 0600, and nothing else is left in the folder", async () => {
    const path = join(folder, "s");
    expect(await listenOnce(newServer("first"), path)).toBeDefined();
    expect(await ask(path)).toBe("first");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["s"]);
  });

  test("tells the second that a living server has it", async () => {
    const path = join(folder, "s");
    await listenOnce(newServer("first"), path);
    const second = createServer();
    expect(await listenOnce(second, path)).toBeUndefined();
    expect(second.listening).toBe(false);
    expect(await ask(path)).toBe("first");
    expect(readdirSync(folder)).toEqual(["s"]);
  });

  test("takes over the name of a process that was killed", async () => {
    const path = join(folder, "s");
    leaveStale(path);
    expect(await listenOnce(newServer("second"), path)).toBeDefined();
    expect(await ask(path)).toBe("second");
  });

  test("gives up its own name and no other's", async () => {
    const path = join(folder, "s");
    const listening = await listenOnce(newServer("first"), path);
    rmSync(path);
    writeFileSync(path, "another's");
    listening?.unlink();
    expect(existsSync(path)).toBe(true);
    rmSync(path);
    const again = await listenOnce(newServer("again"), path);
    again?.unlink();
    expect(existsSync(path)).toBe(false);
  });

  test("lets one of many win", async () => {
    const path = join(folder, "s");
    // Each has a name of its own by process id in reality; here they come one after the other.
    const results = [];
    for (let index = 0; index < 4; index += 1) results.push(await listenOnce(newServer(String(index)), path));
    expect(results.filter((result) => result !== undefined)).toHaveLength(1);
  });
});
