/**
 * @module Both kinds of executable, native and script, before a warm host that the test plays: what the one does the other does.
 */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { encodeAnswer, readRequest } from "../../host/daemon/frames.ts";
import { CONFIGURATION_MAX_BYTES, GREETING } from "../../host/daemon/protocol.ts";
import type { WarmAnswer, WarmRequest } from "../../host/daemon/protocol.ts";
import { readSurroundings, warmSocketPath } from "../../host/daemon/surroundings.ts";
import { installShims } from "../../host/shim/install.ts";

const DIST = resolve(import.meta.dirname, "../../dist");
const KINDS = ["native", "node"] as const;
const ENVIRONMENT = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c",
  CNI_NETNS: "/n",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};
const CONFIGURATION = '{"cniVersion":"0.4.0","name":"n","type":"bridge"}';
const ANSWER: WarmAnswer = { exitCode: 0, stdout: '{"ips":[]}\n', stderr: "cnidaria: call 1\n" };

let folder = "";
let socketPath = "";
const servers: Server[] = [];
const sockets = new Set<Socket>();

const needsRoot = process.getuid?.() === 0 ? describe : describe.skip;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-kinds-"));
  const stateDir = join(folder, "state");
  mkdirSync(join(stateDir, "run"), { recursive: true, mode: 0o700 });
  chmodSync(stateDir, 0o700);
  for (const kind of KINDS) {
    const installed = installShims({
      stateDir,
      binDir: join(folder, kind),
      bundleDir: DIST,
      nodePath: process.execPath,
      types: [{ type: "bridge", cniVersions: ["0.4.0", "1.0.0"] }],
      lingerSeconds: 0,
      isNativeWanted: kind === "native",
    });
    socketPath = warmSocketPath(stateDir, readSurroundings(), basename(installed.runtimeDir));
  }
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Listens where a warm host would. */
async function play(serve: (socket: Socket, server: Server) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket, server);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(socketPath, done));
}

/** Answers every request, and keeps them. */
function playHost(answer: (request: WarmRequest) => WarmAnswer = () => ANSWER): WarmRequest[] {
  const requests: WarmRequest[] = [];
  void play((socket) => answerRequest(socket, requests, answer));
  return requests;
}

/** Greets, and answers the request when the last piece of it has come. */
function answerRequest(socket: Socket, requests: WarmRequest[], answer: (request: WarmRequest) => WarmAnswer): void {
  socket.write(GREETING);
  let received = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const request = readRequest(received);
    if (request === undefined) return;
    requests.push(request);
    socket.end(encodeAnswer(answer(request)));
  });
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an executable beside this process, which plays the warm host. */
async function call(
  kind: string,
  env: Readonly<Record<string, string>>,
  input: string | Uint8Array = CONFIGURATION,
): Promise<Ended> {
  const child = spawn(join(folder, kind, "bridge"), { env: { ...env }, stdio: "pipe" });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return ended(child);
}

async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8");
  child.stderr?.setEncoding("utf8");
  child.stdout?.on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.on("data", (chunk: string) => (stderr += chunk));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

/** Runs a shell line in which $SHIM is the executable. */
const shell = (kind: string, line: string): Promise<Ended> =>
  ended(
    spawn("/bin/sh", ["-c", line], {
      env: { ...ENVIRONMENT, SHIM: join(folder, kind, "bridge") },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );

needsRoot.each(KINDS)("a %s executable", (kind) => {
  test("is what it is called", () => {
    const isProgram = execFileSync("head", ["-c", "4", join(folder, kind, "bridge")], { encoding: "latin1" });
    expect(isProgram === "\x7fELF").toBe(kind === "native");
  });

  test.for([
    { title: "no other variable", env: {} },
    { title: "dummies", env: { CNI_CONTAINERID: "dummy", CNI_NETNS: "dummy", CNI_IFNAME: "dummy", CNI_PATH: "dummy" } },
  ])("answers VERSION with $title and an empty stdin, and connects to nobody", async ({ env }) => {
    const requests = playHost();
    expect(await call(kind, { ...env, CNI_COMMAND: "VERSION" }, "")).toEqual({
      status: 0,
      stdout: '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0"]}\n',
      stderr: "",
    });
    expect(requests).toEqual([]);
  });

  test("hands over what CNI's variables, the trace and stdin say, and nothing else", async () => {
    const requests = playHost();
    const passed = {
      ...ENVIRONMENT,
      CNI_ARGS: 'A=b;C="d\\',
      CNI_NETNS_OVERRIDE: "1",
      TRACEPARENT: "00-1-2-01",
      TRACESTATE: "a=b",
      BAGGAGE: "c=d",
      CNIDARIA_WITHIN: "op",
    };
    const dropped = { HOME: "/root", NODE_OPTIONS: "--no-such-option", LD_PRELOAD: "/nothing.so", CNI_OTHER: "x" };
    const { status, stdout } = await call(kind, { ...passed, ...dropped });
    expect({ status, stdout }).toEqual({ status: 0, stdout: ANSWER.stdout });
    expect(requests).toEqual([
      { surroundings: readSurroundings(), type: "bridge", variables: passed, configuration: CONFIGURATION },
    ]);
  });

  test("prints what the warm host answers, on both streams, and exits with its code", async () => {
    playHost(({ configuration }) => ({ exitCode: 7, stdout: configuration, stderr: "ä\n" }));
    const long = "ä😀".repeat(400_000);
    const { status, stdout, stderr } = await call(kind, ENVIRONMENT, long);
    expect({ status, stderr, isSame: stdout === long }).toEqual({ status: 7, stderr: "ä\n", isSame: true });
  });

  test("sends bytes that are no UTF-8 as they are", async () => {
    const requests = playHost();
    await shell(kind, String.raw`export CNI_NETNS="$(printf '/a\377b')"; printf '"\303"' | "$SHIM"`);
    expect(requests).toMatchObject([{ variables: { CNI_NETNS: "/a\ufffdb" }, configuration: '"\ufffd"' }]);
  });

  test("takes an empty and a closed stdin for an empty configuration", async () => {
    const requests = playHost();
    await call(kind, ENVIRONMENT, "");
    await shell(kind, '"$SHIM" <&-');
    expect(requests.map(({ configuration }) => configuration)).toEqual(["", ""]);
  });

  test("exits with the warm host's code when nobody reads its stdout, or it is closed", async () => {
    playHost(() => ({ exitCode: 3, stdout: "x".repeat(300_000), stderr: "" }));
    expect(await shell(kind, '{ echo "{}" | "$SHIM"; echo "$?" >&2; } | true')).toMatchObject({ stderr: "3\n" });
    expect(await shell(kind, 'echo "{}" | "$SHIM" >&-')).toMatchObject({ status: 3 });
  });

  test("waits for a slow writer and a slow reader of pipes that do not block", async () => {
    playHost(({ configuration }) => ({ exitCode: 0, stdout: configuration.repeat(40_000), stderr: "" }));
    const unblock =
      "import fcntl,os,sys\nfor fd in (0,1): fcntl.fcntl(fd,fcntl.F_SETFL,os.O_NONBLOCK)\nos.execv(sys.argv[1],sys.argv[1:])";
    const line = `{ sleep 0.1; printf '{"a":1}'; } | python3 -c '${unblock}' "$SHIM" | { sleep 0.2; wc -c; }`;
    expect((await shell(kind, line)).stdout.trim()).toBe(String(7 * 40_000));
  });

  test("asks again when a warm host leaves without a greeting, with the same stdin", async () => {
    let connections = 0;
    const requests: WarmRequest[] = [];
    await play((socket) => {
      connections += 1;
      if (connections < 3) return void socket.once("data", () => socket.destroy());
      answerRequest(socket, requests, () => ANSWER);
    });
    expect(await call(kind, ENVIRONMENT)).toMatchObject({ status: 0, stdout: ANSWER.stdout });
    expect(requests).toMatchObject([{ configuration: CONFIGURATION }]);
  });

  test.for([
    {
      title: "that ends after its greeting, and is not asked again",
      serve: (socket: Socket) => socket.end(GREETING),
      wanted: { cniVersion: "0.4.0", code: 105, msg: "the warm host ended during the call" },
    },
    {
      title: "that ends within its answer",
      serve: (socket: Socket) => socket.end(`${GREETING}0 0 100\n{`),
      wanted: { cniVersion: "0.4.0", code: 105, msg: "the warm host ended during the call" },
    },
    {
      title: "that answers more than it says",
      serve: (socket: Socket) => socket.end(`${GREETING}0 0 1\nabc`),
      wanted: { cniVersion: "0.4.0", code: 105, msg: "the warm host ended during the call" },
    },
    {
      title: "of another protocol",
      serve: (socket: Socket) => socket.end('{"protocol":1}\n'),
      wanted: { cniVersion: "0.4.0", code: 105, msg: "the warm host speaks another protocol" },
    },
  ])("reports a warm host $title", async ({ serve, wanted }) => {
    let connections = 0;
    await play((socket) => {
      connections += 1;
      serve(socket);
    });
    const { status, stdout, stderr } = await call(kind, ENVIRONMENT);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject(wanted);
    expect(connections).toBe(1);
  });

  test("refuses a configuration over the limit, and takes one that reaches it", async () => {
    const requests = playHost();
    const padded = (bytes: number): string => CONFIGURATION.padEnd(bytes, " ");
    expect(await call(kind, ENVIRONMENT, padded(CONFIGURATION_MAX_BYTES))).toMatchObject({ status: 0 });
    expect(requests).toHaveLength(1);
    const { status, stdout } = await call(kind, ENVIRONMENT, padded(CONFIGURATION_MAX_BYTES + 1));
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 103 });
  });

  test("ends its call when it is killed", async () => {
    const asked = Promise.withResolvers<Socket>();
    await play((socket) => {
      socket.write(GREETING);
      socket.once("data", () => asked.resolve(socket));
    });
    const child = spawn(join(folder, kind, "bridge"), { env: ENVIRONMENT, stdio: "pipe" });
    child.stdin.end(CONFIGURATION);
    const socket = await asked.promise;
    socket.resume();
    const isOver = new Promise<void>((done) => socket.once("close", () => done()));
    socket.once("end", () => socket.destroy());
    child.kill("SIGKILL");
    await isOver;
  });

  test("tells about itself without a verb", async () => {
    const { status, stdout, stderr } = await call(kind, {}, "");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("CNI plugin bridge");
  });

  test("leaves no other socket behind", () => {
    expect(existsSync(socketPath)).toBe(false);
  });
});
