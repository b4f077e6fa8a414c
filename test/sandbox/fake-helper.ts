/**
 * @module A helper that starts real sandbox processes, without the fence, and answers their operations from a record.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { transpileComponent } from "../../host/components/transpiler.ts";
import type { TranspiledFile } from "../../host/components/transpile-protocol.ts";
import { encodeFrame, FrameReader, OPERATION_FRAME_MAX_BYTES } from "../../host/helper/frames.ts";
import type { InstalledPlugin, Limits, Opening } from "../../host/helper/protocol.ts";
import type { LoadFrame, OperationAnswer, OperationRequest } from "../../host/helper/sandbox-protocol.ts";
import type { SandboxStarter } from "../../host/sandbox/connection.ts";
import { buildFixture } from "../guests/fixtures/build.ts";

/** Limits of a test's plugin, unless it says otherwise. */
export const LIMITS: Limits = {
  memoryBytes: 32 * 1024 * 1024,
  deadlineMs: 10_000,
  hostCalls: 100,
  logBytes: 4096,
  resultBytes: 65_536,
};
/** Flags of a sandbox, as the fence has them. */
const FLAGS = [
  "--permission",
  "--max-semi-space-size=4",
  "--max-old-space-size=64",
  "--disallow-code-generation-from-strings",
];

/** What a test says about its plugin. */
export interface FakeHelperOptions {
  /** Bundle of the sandbox. */
  readonly bundlePath: string;
  /** Name of a fixture, or a component. */
  readonly component: string | Uint8Array;
  readonly capabilities?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly wasi?: boolean;
  readonly answer?: (request: OperationRequest) => OperationAnswer;
}

/** Starts sandboxes of one plugin. */
export interface FakeHelper extends SandboxStarter, AsyncDisposable {
  readonly plugin: InstalledPlugin;
  /** Operations that arrived, of all sandboxes. */
  readonly heard: OperationRequest[];
  /** Processes that were started. */
  readonly children: ChildProcess[];
  /** Reasons that sandboxes were killed for. */
  readonly kills: string[];
}

/** Makes a helper for one plugin. */
export async function createFakeHelper(options: FakeHelperOptions): Promise<FakeHelper> {
  const limits = { ...LIMITS, ...options.limits };
  const component = typeof options.component === "string" ? await buildFixture(options.component) : options.component;
  const { files } = await transpileComponent(component, limits.memoryBytes);
  const digest = `sha256:${"0".repeat(64)}` as const;
  const capabilities = options.capabilities ?? [];
  const plugin: InstalledPlugin = {
    type: "probe",
    digest,
    version: "0",
    exports: ["attachment"],
    capabilities,
    limits,
    early: false,
    cniVersions: ["1.1.0"],
  };
  const load: LoadFrame = {
    type: "load",
    digest,
    limits,
    capabilities,
    wasi: options.wasi ?? false,
    exports: plugin.exports,
    files: files.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength })),
  };
  return fakeHelper(options, { plugin, load, files });
}

interface Loaded {
  readonly plugin: InstalledPlugin;
  readonly load: LoadFrame;
  readonly files: readonly TranspiledFile[];
}

function fakeHelper(options: FakeHelperOptions, { plugin, load, files }: Loaded): FakeHelper {
  const heard: OperationRequest[] = [];
  const children: ChildProcess[] = [];
  const kills: string[] = [];
  const byId = new Map<string, ChildProcess>();
  return {
    plugin,
    heard,
    children,
    kills,
    async openChannel(opening: Opening) {
      const child = spawn(process.execPath, [...FLAGS, `--allow-fs-read=${options.bundlePath}`, options.bundlePath], {
        stdio: ["ignore", "inherit", "inherit", "pipe", "pipe"],
        env: {},
      });
      children.push(child);
      if (opening.role === "sandbox") byId.set(opening.sandboxId, child);
      servePrivate(child.stdio[4] as Socket, { load, files, heard, answer: options.answer ?? (() => ({ ok: null })) });
      return child.stdio[3] as Socket;
    },
    async request(_method, { sandboxId, reason }) {
      kills.push(reason);
      const child = byId.get(sandboxId);
      child?.kill("SIGKILL");
      if (child !== undefined) await exitOf(child);
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map(exitOf));
    },
  };
}

/** Waits until a process is gone. */
export async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

interface Service {
  readonly load: LoadFrame;
  readonly files: readonly TranspiledFile[];
  readonly heard: OperationRequest[];
  readonly answer: (request: OperationRequest) => OperationAnswer;
}

function servePrivate(channel: Socket, { load, files, heard, answer }: Service): void {
  channel.on("error", () => undefined);
  channel.write(encodeFrame(load));
  for (const { bytes } of files) channel.write(bytes);
  const reader = new FrameReader(OPERATION_FRAME_MAX_BYTES);
  channel.on("data", (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) {
      heard.push(frame as OperationRequest);
      channel.write(encodeFrame(answer(frame as OperationRequest)));
    }
  });
}

/** A request as the host derives it, for a guest that looks at little of it. */
export const REQUEST = {
  cniVersion: "1.1.0",
  networkName: "net",
  containerId: "one",
  ifname: "eth0",
  netns: "/var/run/netns/one",
  args: [],
  runtimeConfig: { portMappings: [], ipRanges: [], ips: [], aliases: [] },
  configuration: '{"cniVersion":"1.1.0","name":"net","type":"probe"}',
};
