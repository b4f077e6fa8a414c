/**
 * @module A helper and a pool that write down what they are asked, and operations and calls to ask them for.
 */
import type { BackendParts } from "../../host/backend.ts";
import type { BeginOperation, InstalledPlugin } from "../../host/helper/protocol.ts";
import type { ResultFrame } from "../../host/helper/sandbox-protocol.ts";
import type { CallBeginning, PluginCall } from "../../host/operations/backend.ts";
import type { OpenLease } from "../../host/sandbox/pool.ts";

export const plugin = (type: string, change: Partial<InstalledPlugin> = {}): InstalledPlugin => ({
  type,
  digest: `sha256:${"1".repeat(64)}`,
  version: "1",
  exports: ["attachment"],
  capabilities: [],
  early: false,
  limits: { memoryBytes: 1, deadlineMs: 1, hostCalls: 1, logBytes: 1, resultBytes: 1 },
  cniVersions: [],
  ...change,
});

const result: ResultFrame = {
  type: "result",
  callId: "call-1",
  outcome: { ok: 7 },
  tookIpam: false,
  hostCalls: 0,
  instantiateMicroseconds: 3,
  guestMicroseconds: 5,
};

export const PLUGINS = { bridge: plugin("bridge"), "host-local": plugin("host-local"), absent: null };
const ANSWERS: Readonly<Record<string, unknown>> = {
  "begin-operation": { plugins: PLUGINS, attachment: null, namespacePresent: true },
  "begin-call": {},
  "end-call": { refusals: ["no"], operations: [] },
  "end-operation": { failures: [], sweepMicroseconds: 0, sweepKernelMicroseconds: 0 },
};

interface FakeOptions {
  readonly answers?: Readonly<Record<string, unknown>>;
  /** Types that have an idle sandbox. */
  readonly idle?: readonly string[];
}

/** Helper and pool that write down what they are asked. The helper answers after everything that is sent in the same breath. */
export const fakeParts = ({ answers = {}, idle = [] }: FakeOptions = {}) => {
  const asked: unknown[] = [];
  const leaseOf = (sandboxId: string): OpenLease => ({
    sandboxId,
    waitMicroseconds: 2,
    cold: false,
    giveIpam: (answer) => asked.push(["give", answer]),
    kill: (reason) => asked.push(["kill", reason]),
    call: async (frame, answerIpam) => {
      asked.push(["sandbox", frame]);
      asked.push(["ipam", await answerIpam("add")]);
      return { result, log: [{ level: "info", message: "hello" }], ending: "result", callMicroseconds: 9 };
    },
    [Symbol.dispose]: () => asked.push(["give back", sandboxId]),
  });
  const request = async (method: string, params: unknown, onSent?: () => void): Promise<unknown> => {
    asked.push([method, params]);
    if (onSent !== undefined) process.nextTick(onSent);
    await new Promise((resolve) => setImmediate(resolve));
    asked.push([`${method} answered`]);
    const answer = answers[method] ?? ANSWERS[method];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const pool: BackendParts["pool"] = {
    lend: async (_plugin, options) => {
      asked.push(["lend", options]);
      return leaseOf("sb-1");
    },
    lendIdle: ({ type }) => (idle.includes(type) ? leaseOf(`idle-${type}`) : undefined),
    warm: async ({ type }) => {
      asked.push(["warm", type]);
      throw new Error("a sandbox that does not start");
    },
  };
  const parts: BackendParts = {
    client: { request: request as BackendParts["client"]["request"] },
    pool,
    remembered: new Map(),
  };
  return { asked, parts };
};

export const beginning = (type: string, callId: string, parentCallId?: string): CallBeginning => ({
  operationId: "op-1",
  callId,
  plugin: plugin(type),
  export: "attachment",
  verb: "add",
  request: { configuration: '{"a":1}' } as PluginCall["request"],
  runtimeConfig: "{}",
  previousResult: undefined,
  parentCallId,
  earlyIpam: undefined,
});

export const call = (parentCallId?: string): PluginCall => ({
  ...beginning("bridge", "call-1", parentCallId),
  isEndAwaited: true,
  onRun: () => undefined,
  onIpam: async (verb) => ({ ok: verb }),
  beforeEnd: async () => undefined,
  conclude: () => ({ outcome: "ok", addresses: ["10.0.0.1/24"], error: undefined }),
});

export const ADD = {
  operationId: "op-1",
  verb: "ADD",
  types: ["bridge", "host-local", "absent", "toString"],
} as unknown as BeginOperation;
export const END = { operationId: "op-1", outcome: "ok", result: undefined, phasesMicroseconds: {} } as const;
export const MAIN = beginning("bridge", "call-1");
export const IPAM = beginning("host-local", "call-2", "call-1");
export const named = (asked: readonly unknown[], name: string): readonly unknown[] =>
  asked.filter((entry) => (entry as readonly unknown[])[0] === name);
export const namesIn = (asked: readonly unknown[]): readonly unknown[] =>
  asked.map((entry) => (entry as readonly unknown[])[0]);
