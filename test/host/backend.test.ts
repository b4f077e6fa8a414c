import { describe, expect, test } from "vitest";
import { createBackend } from "../../host/backend.ts";
import type { BackendParts } from "../../host/backend.ts";
import type { BeginOperation, InstalledPlugin } from "../../host/helper/protocol.ts";
import type { ResultFrame } from "../../host/helper/sandbox-protocol.ts";
import type { CallBeginning, PluginCall } from "../../host/operations/backend.ts";
import type { OpenLease } from "../../host/sandbox/pool.ts";
import { CniError } from "../../host/spec/error.ts";

const plugin = (type: string, change: Partial<InstalledPlugin> = {}): InstalledPlugin => ({
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
  hostCalls: 0,
  instantiateMicroseconds: 3,
  guestMicroseconds: 5,
};

const PLUGINS = { bridge: plugin("bridge"), "host-local": plugin("host-local"), absent: null };
const ANSWERS: Readonly<Record<string, unknown>> = {
  "begin-operation": { plugins: PLUGINS, attachment: null, namespacePresent: true },
  "begin-call": { containerHandle: 42 },
  "end-call": { refusals: ["no"], operations: [] },
  "end-operation": { failures: [], sweepMicroseconds: 0, sweepKernelMicroseconds: 0 },
};

interface FakeOptions {
  readonly answers?: Readonly<Record<string, unknown>>;
  /** Types that have an idle sandbox. */
  readonly idle?: readonly string[];
}

/** Helper and pool that write down what they are asked. The helper answers after everything that is sent in the same breath. */
const fakeParts = ({ answers = {}, idle = [] }: FakeOptions = {}) => {
  const asked: unknown[] = [];
  const leaseOf = (sandboxId: string): OpenLease => ({
    sandboxId,
    waitMicroseconds: 2,
    cold: false,
    kill: (reason) => asked.push(["kill", reason]),
    call: async (frame, answerIpam) => {
      asked.push(["sandbox", frame]);
      asked.push(["ipam", await answerIpam("add")]);
      return { result, log: [{ level: "info", message: "hello" }], killed: false, callMicroseconds: 9 };
    },
    [Symbol.dispose]: () => asked.push(["give back", sandboxId]),
  });
  const request = async (method: string, params: unknown): Promise<unknown> => {
    asked.push([method, params]);
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

const beginning = (type: string, callId: string, parentCallId?: string): CallBeginning => ({
  operationId: "op-1",
  callId,
  plugin: plugin(type),
  export: "attachment",
  verb: "add",
  request: { configuration: '{"a":1}' } as PluginCall["request"],
  runtimeConfig: "{}",
  previousResult: undefined,
  parentCallId,
});

const call = (parentCallId?: string): PluginCall => ({
  ...beginning("bridge", "call-1", parentCallId),
  onRun: () => undefined,
  onIpam: async (verb) => ({ ok: verb }),
  beforeEnd: async () => undefined,
  conclude: () => ({ outcome: "ok", addresses: ["10.0.0.1/24"], error: undefined }),
});

const ADD = {
  operationId: "op-1",
  verb: "ADD",
  types: ["bridge", "host-local", "absent", "toString"],
} as unknown as BeginOperation;
const END = { operationId: "op-1", outcome: "ok", result: undefined, phasesMicroseconds: {} } as const;
const MAIN = beginning("bridge", "call-1");
const IPAM = beginning("host-local", "call-2", "call-1");
const named = (asked: readonly unknown[], name: string): readonly unknown[] =>
  asked.filter((entry) => (entry as readonly unknown[])[0] === name);
const namesIn = (asked: readonly unknown[]): readonly unknown[] =>
  asked.map((entry) => (entry as readonly unknown[])[0]);

describe("the backend", () => {
  test("begins an operation, and starts the sandboxes of later plugins meanwhile; what is wrong with them waits", async () => {
    const { asked, parts } = fakeParts();
    const begun = await createBackend(parts).begin(ADD, []);
    expect(begun).toMatchObject({ plugins: PLUGINS, ahead: [] });
    expect(asked).toEqual([["begin-operation", ADD], ["begin-operation answered"], ["warm", "host-local"]]);
  });

  test("begins a call with its sandbox, makes it with the handle that it got, and has it ended with the judgement", async () => {
    const { asked, parts } = fakeParts();
    const ended = await createBackend(parts).call(call());
    expect(asked.filter((entry) => !String((entry as readonly unknown[])[0]).endsWith("answered"))).toMatchObject([
      ["lend", { nested: false }],
      [
        "begin-call",
        {
          operationId: "op-1",
          callId: "call-1",
          sandboxId: "sb-1",
          type: "bridge",
          export: "attachment",
          configuration: '{"a":1}',
        },
      ],
      ["sandbox", { type: "call", callId: "call-1", verb: "add", containerHandle: 42 }],
      ["ipam", { ok: "add" }],
      [
        "end-call",
        { callId: "call-1", outcome: "ok", addresses: ["10.0.0.1/24"], log: [{ level: "info", message: "hello" }] },
      ],
    ]);
    expect(ended).toMatchObject({
      outcome: { ok: 7 },
      phasesMicroseconds: { sandbox: 2, instantiate: 3, guest: 5, call: 9 },
    });
    expect(await ended.closed).toMatchObject({ refusals: ["no"] });
  });

  test("does not wait for the call's end to end the operation; gives the sandbox back when the helper knows", async () => {
    const { asked, parts } = fakeParts();
    const backend = createBackend(parts);
    await backend.call(call());
    await backend.end(END);
    expect(namesIn(asked).slice(-5)).toEqual([
      "end-call",
      "end-operation",
      "end-call answered",
      "give back",
      "end-operation answered",
    ]);
  });

  test("a call that could not be ended is told to who waits for it, and gives its sandbox back", async () => {
    const { asked, parts } = fakeParts({ answers: { "end-call": new CniError("stateUnusable", "full") } });
    const { closed } = await createBackend(parts).call(call());
    await expect(closed).rejects.toMatchObject({ kind: "stateUnusable" });
    expect(asked.at(-1)).toEqual(["give back", "sb-1"]);
  });

  test("a call that could not be begun gives its sandbox back", async () => {
    const { asked, parts } = fakeParts({ answers: { "begin-call": new CniError("notPermitted", "no") } });
    await expect(createBackend(parts).call(call())).rejects.toMatchObject({ kind: "notPermitted" });
    expect(asked.at(-1)).toEqual(["give back", "sb-1"]);
  });

  test("has the sandbox killed when the caller ends the call, also while it is begun; calls no plugin afterwards", async () => {
    const { asked, parts } = fakeParts();
    const caller = new AbortController();
    const ended = createBackend(parts).call({ ...call(), signal: caller.signal });
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    caller.abort();
    await ended;
    expect(namesIn(asked)).toEqual([
      "lend",
      "begin-call",
      "begin-call answered",
      "kill",
      "sandbox",
      "ipam",
      "end-call",
    ]);
    await expect(createBackend(parts).call({ ...call(), signal: caller.signal })).rejects.toMatchObject({ code: 11 });
  });

  test("tells the pool that another call waits for an IPAM call", async () => {
    const { asked, parts } = fakeParts();
    await createBackend(parts).call(call("call-0"));
    expect(asked[0]).toEqual(["lend", { nested: true }]);
  });
});

describe("what the backend remembers", () => {
  test("is what ADD was made with, and nothing of what is not installed", async () => {
    const { parts } = fakeParts();
    parts.remembered.set("absent", plugin("absent"));
    const backend = createBackend(parts);
    await backend.begin({ ...ADD, verb: "DEL" }, []);
    expect(backend.remembered("bridge")).toBeUndefined();
    await backend.begin(ADD, []);
    expect(["bridge", "absent", "toString"].map((type) => backend.remembered(type))).toEqual([
      PLUGINS.bridge,
      undefined,
      undefined,
    ]);
  });
});

describe("calls that are begun ahead", () => {
  const idle = ["bridge", "host-local"];

  test("are sent with the operation, and made without being begun again", async () => {
    const { asked, parts } = fakeParts({ idle });
    const backend = createBackend(parts);
    const begun = await backend.begin(ADD, [MAIN, IPAM]);
    expect(begun.ahead).toEqual([MAIN, IPAM]);
    expect(namesIn(asked)).toEqual([
      "begin-operation",
      "begin-call",
      "begin-call",
      "begin-operation answered",
      "warm",
      "begin-call answered",
      "begin-call answered",
    ]);
    expect(asked.slice(1, 3)).toMatchObject([
      ["begin-call", { callId: "call-1", sandboxId: "idle-bridge", parentCallId: undefined }],
      ["begin-call", { callId: "call-2", sandboxId: "idle-host-local", parentCallId: "call-1" }],
    ]);
    asked.length = 0;
    await backend.call(call());
    expect(namesIn(asked)).toEqual(["sandbox", "ipam", "end-call"]);
  });

  test.for([
    { why: "no sandbox is idle", idle: [], sent: [] },
    { why: "the caller's is not", idle: ["host-local"], sent: [] },
    { why: "only the caller's is", idle: ["bridge"], sent: ["call-1"] },
  ])("are not sent where $why", async ({ idle: some, sent }) => {
    const { asked, parts } = fakeParts({ idle: some });
    const begun = await createBackend(parts).begin(ADD, [MAIN, IPAM]);
    expect(begun.ahead.map(({ callId }) => callId)).toEqual(sent);
    expect(namesIn(asked).filter((name) => name === "begin-call")).toHaveLength(sent.length);
  });

  test("the error of the operation wins over theirs, and their sandboxes go back", async () => {
    const answers = {
      "begin-operation": new CniError("tryAgainLater", "locked"),
      "begin-call": new CniError("helperFailed", "no operation"),
    };
    const { asked, parts } = fakeParts({ idle, answers });
    await expect(createBackend(parts).begin(ADD, [MAIN, IPAM])).rejects.toMatchObject({ kind: "tryAgainLater" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(named(asked, "give back")).toEqual([
      ["give back", "idle-bridge"],
      ["give back", "idle-host-local"],
    ]);
  });

  test.for<{
    why: string;
    answers: Readonly<Record<string, unknown>>;
    kept: readonly string[];
    ended: readonly string[];
  }>([
    {
      why: "the helper refused them",
      answers: { "begin-call": new CniError("notPermitted", "another component") },
      kept: [],
      ended: [],
    },
    {
      why: "the plugin has other limits by now",
      answers: changed({ bridge: plugin("bridge", { limits: { ...plugin("").limits, deadlineMs: 2 } }) }),
      kept: [],
      ended: ["call-1", "call-2"],
    },
    {
      why: "only the IPAM plugin is another one",
      answers: changed({ "host-local": plugin("host-local", { version: "2" }) }),
      kept: ["call-1"],
      ended: ["call-2"],
    },
    { why: "the IPAM plugin is gone", answers: changed({ "host-local": null }), kept: ["call-1"], ended: ["call-2"] },
  ])(
    "are dropped where $why: ended if they were begun, and their sandboxes go back",
    async ({ answers, kept, ended }) => {
      const { asked, parts } = fakeParts({ idle, answers });
      const backend = createBackend(parts);
      const begun = await backend.begin(ADD, [MAIN, IPAM]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(begun.ahead.map(({ callId }) => callId)).toEqual(kept);
      expect(named(asked, "end-call")).toMatchObject(
        ended.map((callId) => ["end-call", { callId, outcome: "error", addresses: [] }]),
      );
      expect(named(asked, "give back")).toHaveLength(2 - kept.length);
    },
  );

  test("that are never made are ended before their operation", async () => {
    const { asked, parts } = fakeParts({ idle });
    const backend = createBackend(parts);
    await backend.begin(ADD, [MAIN, IPAM]);
    asked.length = 0;
    await backend.end({ ...END, outcome: "error" });
    expect(namesIn(asked).slice(0, 3)).toEqual(["end-call", "end-call", "end-operation"]);
    expect(namesIn(asked).filter((name) => name === "give back")).toHaveLength(2);
  });

  test("are not made, but ended with their operation, where the caller ended it", async () => {
    const { asked, parts } = fakeParts({ idle });
    const backend = createBackend(parts);
    await backend.begin(ADD, [MAIN]);
    await expect(backend.call({ ...call(), signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: "tryAgainLater",
    });
    await backend.end({ ...END, outcome: "error" });
    expect(namesIn(asked)).toContain("end-call");
    expect(namesIn(asked)).not.toContain("sandbox");
  });
});

function changed(plugins: Readonly<Record<string, InstalledPlugin | null>>): Readonly<Record<string, unknown>> {
  return { "begin-operation": { plugins: { ...PLUGINS, ...plugins }, attachment: null, namespacePresent: true } };
}
