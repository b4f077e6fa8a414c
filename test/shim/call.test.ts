import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCallServer } from "../../host/daemon/call-server.ts";
import { encodeRequest } from "../../host/daemon/frames.ts";
import { GREETING } from "../../host/daemon/protocol.ts";
import type { WarmRequest } from "../../host/daemon/protocol.ts";
import { callWarmHost } from "../../host/shim/call.ts";

let folder = "";
let socketPath = "";
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-call-"));
  socketPath = join(folder, "s");
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const REQUEST: WarmRequest = {
  surroundings: "1-2-3",
  type: "bridge",
  variables: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c", CNI_NETNS: "/n", CNI_IFNAME: "eth0", CNI_PATH: "/p" },
  configuration: "{}",
};

const listen = (server: Server): Promise<void> => {
  servers.push(server);
  return new Promise((resolve) => server.listen(socketPath, resolve));
};

const warmHost = (performed: WarmRequest[], lingerMs = 60_000) => {
  const { server, idle } = createCallServer({
    surroundings: "1-2-3",
    lingerMs,
    firstLingerMs: 60_000,
    perform: async (request) => {
      performed.push(request);
      return { exitCode: 0, stdout: "out\n", stderr: "err\n" };
    },
  });
  return { server, idle };
};

const never = (): Promise<void> => Promise.reject(new Error("nothing had to be started"));

describe("a call", () => {
  test("is answered by the warm host that listens", async () => {
    const performed: WarmRequest[] = [];
    await listen(warmHost(performed).server);
    const answer = await callWarmHost(REQUEST, { socketPath, start: never });
    expect(answer).toEqual({ exitCode: 0, stdout: "out\n", stderr: "err\n" });
    expect(performed).toEqual([REQUEST]);
  });

  test("starts a warm host where nobody listens", async () => {
    const performed: WarmRequest[] = [];
    const answer = await callWarmHost(REQUEST, { socketPath, start: () => listen(warmHost(performed).server) });
    expect(answer.exitCode).toBe(0);
    expect(performed).toHaveLength(1);
  });

  test("tries again when the other side leaves without a greeting", async () => {
    const performed: WarmRequest[] = [];
    const leaving = createServer((socket) => {
      socket.destroy();
      leaving.close();
    });
    await listen(leaving);
    const answer = await callWarmHost(REQUEST, { socketPath, start: () => listen(warmHost(performed).server) });
    expect(answer.exitCode).toBe(0);
    expect(performed).toHaveLength(1);
  });

  test("gives code 11 when the socket is there and silent, and starts nothing", async () => {
    const sockets: Socket[] = [];
    await listen(createServer((socket) => sockets.push(socket)));
    await expect(callWarmHost(REQUEST, { socketPath, start: never, greetingTimeoutMs: 30 })).rejects.toMatchObject({
      code: 11,
    });
    for (const socket of sockets) socket.destroy();
  });

  test("gives code 11 when the answer does not come", async () => {
    const sockets: Socket[] = [];
    await listen(
      createServer((socket) => {
        sockets.push(socket);
        socket.write(GREETING);
      }),
    );
    await expect(callWarmHost(REQUEST, { socketPath, start: never, answerTimeoutMs: 30 })).rejects.toMatchObject({
      code: 11,
    });
    for (const socket of sockets) socket.destroy();
  });

  test("is not repeated when the warm host ends after its greeting", async () => {
    let connections = 0;
    await listen(
      createServer((socket) => {
        connections += 1;
        socket.write(GREETING);
        socket.on("data", () => socket.destroy());
      }),
    );
    await expect(callWarmHost(REQUEST, { socketPath, start: never })).rejects.toMatchObject({ kind: "helperFailed" });
    expect(connections).toBe(1);
  });

  test("is made again when it was sent and nobody greeted: nothing was done with it", async () => {
    const performed: WarmRequest[] = [];
    const leaving = createServer((socket) => {
      socket.once("data", () => {
        socket.destroy();
        leaving.close();
      });
    });
    await listen(leaving);
    const answer = await callWarmHost(REQUEST, { socketPath, start: () => listen(warmHost(performed).server) });
    expect(answer.exitCode).toBe(0);
    expect(performed).toEqual([REQUEST]);
  });

  test("is refused by a warm host of another protocol", async () => {
    await listen(createServer((socket) => socket.write('{"protocol":1}\n')));
    await expect(callWarmHost(REQUEST, { socketPath, start: never })).rejects.toMatchObject({ kind: "helperFailed" });
  });

  test("carries a long configuration and a long answer in pieces", async () => {
    const long = "ä".repeat(1_500_000);
    const { server } = createCallServer({
      surroundings: "1-2-3",
      lingerMs: 60_000,
      firstLingerMs: 60_000,
      perform: async ({ configuration }) => ({ exitCode: 3, stdout: configuration, stderr: configuration }),
    });
    await listen(server);
    const answer = await callWarmHost({ ...REQUEST, configuration: long }, { socketPath, start: never });
    expect(answer).toEqual({ exitCode: 3, stdout: long, stderr: long });
  });

  test("gives up when a started warm host never listens", async () => {
    let started = 0;
    const start = async (): Promise<void> => {
      started += 1;
    };
    await expect(callWarmHost(REQUEST, { socketPath, start })).rejects.toMatchObject({ kind: "helperFailed" });
    expect(started).toBeGreaterThan(0);
  });
});

describe("a call server", () => {
  test("refuses a caller of other namespaces with code 11, and performs nothing", async () => {
    const performed: WarmRequest[] = [];
    await listen(warmHost(performed).server);
    const answer = await callWarmHost({ ...REQUEST, surroundings: "9-2-3" }, { socketPath, start: never });
    expect(answer.exitCode).toBe(1);
    expect(JSON.parse(answer.stdout)).toMatchObject({ code: 11 });
    expect(performed).toEqual([]);
  });

  test("ends a call whose caller went away", async () => {
    const ended = Promise.withResolvers<void>();
    const { server } = createCallServer({
      surroundings: "1-2-3",
      lingerMs: 60_000,
      firstLingerMs: 60_000,
      perform: async (_request, signal) => {
        signal.addEventListener("abort", () => ended.resolve());
        await ended.promise;
        return { exitCode: 1, stdout: "", stderr: "" };
      },
    });
    await listen(server);
    const caller = connect(socketPath);
    caller.write(encodeRequest(REQUEST));
    await once(caller, "data");
    caller.destroy();
    await ended.promise;
  });

  test("is idle after its last call", async () => {
    const { server, idle } = warmHost([], 1);
    await listen(server);
    await callWarmHost(REQUEST, { socketPath, start: never });
    await idle;
  });
});
