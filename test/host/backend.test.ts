import { describe, expect, test } from "vitest";
import { createBackend } from "../../host/backend.ts";
import type { BackendParts } from "../../host/backend.ts";
import type { BeginOperation, InstalledPlugin } from "../../host/helper/protocol.ts";
import type { ResultFrame } from "../../host/helper/sandbox-protocol.ts";
import type { PluginCall } from "../../host/operations/backend.ts";
import type { SandboxLease } from "../../host/sandbox/pool.ts";

const plugin = (type: string): InstalledPlugin => ({
  type,
  digest: `sha256:${"1".repeat(64)}`,
  version: "1",
  exports: ["attachment"],
  capabilities: [],
  limits: { memoryBytes: 1, deadlineMs: 1, hostCalls: 1, logBytes: 1, resultBytes: 1 },
  cniVersions: [],
});

const result: ResultFrame = { type: "result", callId: "call-1", outcome: { ok: 7 }, hostCalls: 0, instantiateMicroseconds: 3, guestMicroseconds: 5 };

/** Helper and pool that write down what they are asked. */
const fakeParts = () => {
  const asked: unknown[] = [];
  const sandbox: SandboxLease = {
    sandboxId: "sb-1",
    waitMicroseconds: 2,
    cold: false,
    kill: (reason) => asked.push(["kill", reason]),
    call: async (frame, answerIpam) => {
      asked.push(["sandbox", frame]);
      asked.push(["ipam", await answerIpam("add")]);
      return { result, log: [{ level: "info", message: "hello" }], killed: false, callMicroseconds: 9 };
    },
  };
  const answers: Readonly<Record<string, unknown>> = {
    "begin-operation": { operationId: "op-1", plugins: { bridge: plugin("bridge"), "host-local": plugin("host-local"), absent: null }, attachment: null, namespacePresent: true },
    "begin-call": { callId: "call-1", containerHandle: 42 },
    "end-call": { refusals: ["no"], operations: [] },
    "end-operation": { failures: [], sweepMicroseconds: 0, sweepKernelMicroseconds: 0 },
  };
  const request = async (method: string, params: unknown): Promise<unknown> => {
    asked.push([method, params]);
    return answers[method];
  };
  const pool: BackendParts["pool"] = {
    run: (_plugin, use, options) => {
      asked.push(["run", options]);
      return use(sandbox);
    },
    warm: async ({ type }) => {
      asked.push(["warm", type]);
      throw new Error("a sandbox that does not start");
    },
  };
  return { asked, parts: { client: { request: request as BackendParts["client"]["request"] }, pool } };
};

const call = (parentCallId?: string): PluginCall => ({
  operationId: "op-1",
  plugin: plugin("bridge"),
  export: "attachment",
  verb: "add",
  request: { configuration: '{"a":1}' } as PluginCall["request"],
  runtimeConfig: "{}",
  previousResult: undefined,
  parentCallId,
  onIpam: async (verb, callId) => ({ ok: `${verb} of ${callId}` }),
  conclude: () => ({ outcome: "ok", addresses: ["10.0.0.1/24"], error: undefined }),
});

describe("the backend", () => {
  test("begins an operation, and starts the sandboxes of later plugins meanwhile; what is wrong with them waits", async () => {
    const { asked, parts } = fakeParts();
    const operation = { types: ["bridge", "host-local", "absent", "toString"] } as unknown as BeginOperation;
    const begun = await createBackend(parts).begin(operation);
    expect(begun.operationId).toBe("op-1");
    expect(asked).toEqual([["begin-operation", operation], ["warm", "host-local"]]);
  });

  test("begins a call with its sandbox, makes it with the handle that it got, and ends it with the judgement", async () => {
    const { asked, parts } = fakeParts();
    const ended = await createBackend(parts).call(call());
    expect(asked).toMatchObject([
      ["run", { nested: false }],
      ["begin-call", { operationId: "op-1", sandboxId: "sb-1", type: "bridge", export: "attachment", configuration: '{"a":1}' }],
      ["sandbox", { type: "call", callId: "call-1", verb: "add", containerHandle: 42 }],
      ["ipam", { ok: "add of call-1" }],
      ["end-call", { callId: "call-1", outcome: "ok", addresses: ["10.0.0.1/24"], log: [{ level: "info", message: "hello" }] }],
    ]);
    expect(ended).toMatchObject({ outcome: { ok: 7 }, refusals: ["no"], phasesMicroseconds: { sandbox: 2, instantiate: 3, guest: 5, call: 9 } });
  });

  test("has the sandbox killed when the caller ends the call, also while it is begun; calls no plugin afterwards", async () => {
    const { asked, parts } = fakeParts();
    const caller = new AbortController();
    const ended = createBackend(parts).call({ ...call(), signal: caller.signal });
    caller.abort();
    await ended;
    expect(asked.map((entry) => (entry as readonly unknown[])[0])).toEqual(["run", "begin-call", "kill", "sandbox", "ipam", "end-call"]);
    await expect(createBackend(parts).call({ ...call(), signal: caller.signal })).rejects.toMatchObject({ code: 11 });
  });

  test("tells the pool that another call waits for an IPAM call", async () => {
    const { asked, parts } = fakeParts();
    await createBackend(parts).call(call("call-0"));
    expect(asked[0]).toEqual(["run", { nested: true }]);
  });
});
