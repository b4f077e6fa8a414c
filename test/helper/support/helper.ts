/**
 * @module A helper of a test's own: the real process, in a node namespace of the test, with sandboxes that do what the test says.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { openConversation } from "../../../host/helper/client-connection.ts";
import type { Conversation } from "../../../host/helper/client-connection.ts";
import { helperCommand } from "../../../host/helper/client.ts";
import { CONTROL_FRAME_MAX_BYTES, FrameReader, encodeFrame } from "../../../host/helper/frames.ts";
import { helperBundle } from "./helper-bundle.ts";
import { PROTOCOL_VERSION } from "../../../host/helper/protocol.ts";
import type {
  BeginCall,
  BeginOperation,
  BegunOperation,
  Digest,
  EndedCall,
  EndedOperation,
  Opening,
} from "../../../host/helper/protocol.ts";

export interface TestHelperOptions {
  readonly stateDir: string;
  /** Path of the namespace that is the node. */
  readonly nodePath: string;
  /** `POINT@NUMBER`: where the helper dies. */
  readonly die?: string | undefined;
  /** `POINT@NUMBER`: where the ledger fails. */
  readonly fail?: string | undefined;
}

/** Gives, for each `RECORD@NUMBER` of the ledger, the points before and after it is written. */
export function beforeAndAfter(...records: readonly string[]): readonly string[] {
  return records.flatMap((record) => ["before", "after"].map((side) => record.replace("@", `:${side}@`)));
}

/** A helper that runs until the test ends. */
export interface TestHelper {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly socketPath: string;
  readonly request: Conversation["request"];
  readonly connection: Socket;
  readonly stderr: () => string;
  readonly exited: Promise<void>;
  /** Ends the host's side, and waits until the helper is gone. */
  readonly close: () => Promise<void>;
}

/** A folder for a state directory, removed when the test ends. */
export function temporaryStateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state");
}

/** Starts the helper as the host does, but in the test's node namespace. */
export async function startTestHelper({ stateDir, nodePath, die, fail }: TestHelperOptions): Promise<TestHelper> {
  const extra = die !== undefined ? ["--die", die] : fail !== undefined ? ["--fail", fail] : [];
  const command = helperCommand({
    stateDir,
    nodePath: process.execPath,
    helperEntry: await helperBundle(),
    helperArguments: extra,
  });
  const child = spawn("/usr/bin/nsenter", [`--net=${nodePath}`, "/usr/bin/setpriv", ...command], {
    env: {},
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let errors = "";
  (child.stderr as Readable).on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
  const exited = once(child, "close").then(() => undefined);
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
  });
  const line = await firstLine(child.stdio[3] as Readable);
  if (line === undefined) throw new Error(`the helper did not start: ${errors}`);
  const said = JSON.parse(line) as { socket: string } | { error: { message: string } };
  if (!("socket" in said)) throw Object.assign(new Error(said.error.message), said.error);
  const connection = await openConnection(said.socket, { role: "host", protocol: PROTOCOL_VERSION });
  const { request } = openConversation(connection);
  return {
    pid: child.pid ?? 0,
    process: child,
    socketPath: said.socket,
    request,
    connection,
    stderr: () => errors,
    exited,
    close: async () => {
      connection.destroy();
      await exited;
    },
  };
}

async function firstLine(pipe: Readable): Promise<string | undefined> {
  let text = "";
  for await (const chunk of pipe.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString("utf8");
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  return undefined;
}

export async function openConnection(path: string, opening: Opening | Buffer): Promise<Socket> {
  const socket = connect({ path });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(Buffer.isBuffer(opening) ? opening : encodeFrame(opening));
  return socket;
}

/** A sandbox that says on its private channel what it is told. */
export interface TestSandbox {
  readonly id: string;
  readonly digest: Digest;
  /** What it said when it was ready: the load frame and the files. */
  readonly ready: unknown;
  /** Sends one request on the private channel and gives the answer. Rejects when the sandbox ends first. */
  readonly ask: (operation: string, ...args: unknown[]) => Promise<{ ok?: unknown; err?: string }>;
  readonly order: (order: unknown) => Promise<unknown>;
  readonly ended: Promise<void>;
}

/** Starts a sandbox and waits until it is ready. */
export async function startTestSandbox(helper: TestHelper, digest: Digest): Promise<TestSandbox> {
  const id = randomUUID();
  const socket = await openConnection(helper.socketPath, {
    role: "sandbox",
    protocol: PROTOCOL_VERSION,
    sandboxId: id,
    digest,
  });
  const reader = new FrameReader(CONTROL_FRAME_MAX_BYTES);
  const waiting: PromiseWithResolvers<unknown>[] = [];
  const received: unknown[] = [];
  const ended = once(socket, "close").then(() => undefined);
  void ended.then(() => waiting.forEach(({ reject }) => reject(new Error("the sandbox ended"))));
  socket.on("data", (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) {
      const next = waiting.shift();
      if (next === undefined) received.push(frame);
      else next.resolve(frame);
    }
  });
  const next = (): Promise<unknown> => {
    if (received.length > 0) return Promise.resolve(received.shift());
    const wait = Promise.withResolvers<unknown>();
    if (socket.destroyed) wait.reject(new Error("the sandbox ended"));
    else waiting.push(wait);
    return wait.promise;
  };
  const order = (value: unknown): Promise<unknown> => {
    socket.write(encodeFrame(value));
    return next();
  };
  const ask: TestSandbox["ask"] = (...request) => order({ send: request }) as Promise<{ ok?: unknown; err?: string }>;
  return { id, digest, ready: await next(), ask, order, ended };
}

/** One verb with one plugin: what a test usually wants. */
export interface TestOperation {
  readonly operationId: string;
  readonly begun: BegunOperation;
  readonly call: { readonly containerHandle: number };
  readonly endCall: (outcome?: "ok" | "error" | "killed") => Promise<EndedCall>;
  readonly end: (outcome?: "ok" | "error") => Promise<EndedOperation>;
}

export interface TestVerb {
  readonly verb: BeginOperation["verb"];
  readonly type: string;
  readonly netns: string;
  readonly containerId?: string;
  readonly network?: string;
  readonly scope?: string;
  readonly within?: string;
  readonly configuration?: object;
  readonly previousResult?: object;
  readonly export?: BeginCall["export"];
}

/** One more than the largest handle. */
const HANDLE_END = 2 ** 31;

/** Begins an operation, and a call of its only plugin on a sandbox. */
export async function beginTestOperation(
  helper: TestHelper,
  sandbox: TestSandbox,
  what: TestVerb,
): Promise<TestOperation> {
  const { verb, type, netns, containerId = "c1", network = "net1", configuration = {}, previousResult } = what;
  const operationId = randomUUID();
  const callId = randomUUID();
  const begun = await helper.request("begin-operation", {
    operationId,
    verb,
    network,
    containerId,
    ifname: "eth0",
    scope: what.scope ?? "",
    within: what.within,
    netns,
    cniVersion: "1.1.0",
    // As when a runtime executes one plugin: what the one before it answered stands in the configuration.
    configuration: JSON.stringify({ name: network, prevResult: previousResult }),
    args: [],
    runtimeConfig: "{}",
    types: [type],
    origin: "test",
  });
  const { export: name = "attachment" } = what;
  const containerHandle = name === "attachment" ? randomInt(1, HANDLE_END) : 0;
  await helper.request("begin-call", {
    operationId,
    callId,
    sandboxId: sandbox.id,
    type,
    digest: sandbox.digest,
    export: name,
    containerHandle,
    configuration: JSON.stringify({ name: network, type, ...configuration }),
    runtimeConfig: "{}",
    previousResult: previousResult === undefined ? undefined : JSON.stringify(previousResult),
    parentCallId: undefined,
  });
  return {
    operationId,
    begun,
    call: { containerHandle },
    endCall: (outcome = "ok") =>
      helper.request("end-call", {
        callId,
        outcome,
        addresses: [],
        error: undefined,
        log: [],
        phasesMicroseconds: {},
        isUnhurried: false,
      }),
    end: (outcome = "ok") =>
      helper.request("end-operation", {
        operationId,
        outcome,
        result: "{}",
        phasesMicroseconds: {},
      }),
  };
}
