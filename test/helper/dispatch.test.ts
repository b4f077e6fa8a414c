import { beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { Grant } from "../../host/grants/grant.ts";
import { dispatch, tableOf } from "../../host/helper/dispatch.ts";
import { OPERATIONS } from "../../host/helper/operations/index.ts";
import { OperationFailure, operation } from "../../host/helper/operations/operation.ts";
import type { HelperState, OpenCall } from "../../host/helper/state.ts";
import { ProtocolViolation } from "../../host/helper/violation.ts";
import { KernelError } from "../../host/kernel/error.ts";
import { CniError } from "../../host/spec/error.ts";

const STATE = {} as HelperState;
/** What each operation does when it is run. */
let behaviour: () => unknown = () => undefined;
/** Arguments that operations were run with. */
let heard: unknown[] = [];

function row(effect: "read" | "change", maxCalls = 100): ReturnType<typeof operation> {
  return operation({
    effect,
    maxCalls,
    schema: z.tuple([z.int(), z.string()]),
    run: (_context, args) => {
      heard.push(args);
      return behaviour();
    },
  });
}

const FACE = {
  name: "container-links",
  errors: { EEXIST: "already-exists" },
  otherwise: "invalid-argument",
  operations: { get: row("read"), "set-up": row("change"), delete: row("change", 1) },
};
const TABLE = tableOf([FACE]);

function openCall(changes: Partial<OpenCall> = {}, verb = "ADD"): OpenCall {
  const call = {
    facts: {
      verb,
      network: "net1",
      containerId: "c1",
      ifname: "eth0",
      configuration: {},
      runtimeConfig: {},
      givenAddresses: [],
      ownedNodeLinks: new Set<string>(),
      ownedContainerLinks: new Set(["eth0"]),
    },
    grant: {
      limits: { hostCalls: 4 },
      capabilities: {
        "container-links": {
          kinds: [],
          links: ["eth0"],
          set: ["up"],
          nodeNames: [],
        },
      },
    } as unknown as Grant,
    containerHandle: 7,
    ended: false,
    hostCalls: 0,
    counts: new Map<string, number>(),
    asyncKernelMicroseconds: 0,
    refusals: [],
    timeline: [],
    trace: [],
  };
  return { ...call, ...changes } as unknown as OpenCall;
}

beforeEach(() => {
  behaviour = () => undefined;
  heard = [];
});

const GET = ["container-links.get", 7, "eth0"];

test.for<{ title: string; frame: unknown; call?: OpenCall | undefined }>([
  { title: "an operation that is on every object", frame: ["toString", 7, "eth0"] },
  { title: "an operation named as a prototype", frame: ["__proto__", 7, "eth0"] },
  { title: "an operation that is not in the table", frame: ["container-links.move", 7, "eth0"] },
  { title: "an interface without its function", frame: ["container-links", 7, "eth0"] },
  { title: "a frame that is an object", frame: { 0: "container-links.get" } },
  { title: "a frame that is null", frame: null },
  { title: "an empty frame", frame: [] },
  { title: "an operation that is no text", frame: [["container-links.get"], 7, "eth0"] },
  { title: "arguments of another type", frame: ["container-links.get", 7, 8] },
  { title: "an argument too many", frame: [...GET, 1] },
  { title: "an argument too few", frame: ["container-links.get", 7] },
  { title: "a handle that was never given", frame: ["container-links.get", 8, "eth0"] },
  { title: "a handle where the call has none", frame: GET, call: openCall({ containerHandle: undefined }) },
  { title: "any operation while no call is open", frame: GET, call: undefined },
  { title: "any operation after the call", frame: GET, call: openCall({ ended: true }) },
])("ends the session for $title", (row) => {
  const call = "call" in row ? row.call : openCall();
  expect(() => dispatch(TABLE, STATE, call, row.frame)).toThrow(ProtocolViolation);
  expect(heard).toEqual([]);
});

test("ends the session when a call asks more than its grant's limits permit", () => {
  const call = openCall();
  for (let asked = 1; asked <= 4; asked++) dispatch(TABLE, STATE, call, GET);
  expect(() => dispatch(TABLE, STATE, call, GET)).toThrow(ProtocolViolation);
  expect(heard).toHaveLength(4);
});

test("ends the session when one operation is asked more often than it may be", () => {
  const call = openCall();
  dispatch(TABLE, STATE, call, ["container-links.delete", 7, "eth0"]);
  expect(() => dispatch(TABLE, STATE, call, ["container-links.delete", 7, "eth0"])).toThrow(/2 times, 1 permitted/u);
});

test("runs what the grant covers, and puts it on the timeline", () => {
  const call = openCall();
  behaviour = () => ({ name: "eth0" });
  expect(dispatch(TABLE, STATE, call, GET)).toEqual({ ok: { name: "eth0" } });
  expect(heard).toEqual([[7, "eth0"]]);
  expect(call.timeline).toMatchObject([{ operation: "container-links.get", outcome: "ok" }]);
  expect(call.trace).toEqual([]);
});

test("answers nothing as null", () => {
  expect(dispatch(TABLE, STATE, openCall(), ["container-links.set-up", 7, "eth0"])).toEqual({ ok: null });
});

test("refuses what the grant does not cover, without running it", () => {
  const call = openCall();
  expect(dispatch(TABLE, STATE, call, ["container-links.get", 7, "lo"])).toEqual({ err: "not-permitted" });
  expect(heard).toEqual([]);
  expect(call.refusals).toEqual([expect.stringContaining('"container-links" with "lo" in "links" would allow it')]);
  expect(call.timeline).toMatchObject([{ outcome: "refused" }]);
});

test("refuses an interface that is not granted at all", () => {
  const call = openCall({ grant: { limits: { hostCalls: 4 }, capabilities: {} } as unknown as Grant });
  expect(dispatch(TABLE, STATE, call, GET)).toEqual({ err: "not-permitted" });
  expect(heard).toEqual([]);
});

test.for(["CHECK", "STATUS"])("refuses a change during %s", (verb) => {
  expect(dispatch(TABLE, STATE, openCall({}, verb), ["container-links.set-up", 7, "eth0"])).toEqual({
    err: "not-permitted",
  });
  expect(dispatch(TABLE, STATE, openCall({}, verb), GET)).toEqual({ ok: null });
  expect(heard).toHaveLength(1);
});

test.for<{ title: string; error: Error; answer: string; outcome: string }>([
  {
    title: "an error number of the interface",
    error: new KernelError("EEXIST", "x"),
    answer: "already-exists",
    outcome: "failed",
  },
  {
    title: "any other error number",
    error: new KernelError("EPERM", "x"),
    answer: "invalid-argument",
    outcome: "failed",
  },
  {
    title: "an error number named as a method",
    error: new KernelError("toString", "x"),
    answer: "invalid-argument",
    outcome: "failed",
  },
  {
    title: "a failure of the operation's own",
    error: new OperationFailure("not-found"),
    answer: "not-found",
    outcome: "failed",
  },
  {
    title: "what the helper alone knows",
    error: new OperationFailure("not-permitted", "leased"),
    answer: "not-permitted",
    outcome: "refused",
  },
])("converts $title", ({ error, answer, outcome }) => {
  behaviour = () => {
    throw error;
  };
  const call = openCall();
  expect(dispatch(TABLE, STATE, call, GET)).toEqual({ err: answer });
  expect(call.timeline).toMatchObject([{ outcome }]);
});

test("converts the failure of an operation that takes its time", async () => {
  behaviour = () => Promise.reject(new KernelError("EEXIST", "x"));
  expect(await dispatch(TABLE, STATE, openCall(), GET)).toEqual({ err: "already-exists" });
});

test("lets no guest see that the ledger failed: the call ends", () => {
  behaviour = () => {
    throw new CniError("stateUnusable", "disk full");
  };
  expect(() => dispatch(TABLE, STATE, openCall(), GET)).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
});

test("the policy names the interfaces that are built", () => {
  const names = new Set(Object.keys(OPERATIONS).map((name) => name.slice(0, name.indexOf("."))));
  expect([...names].sort()).toEqual([
    "conntrack",
    "container-addresses",
    "container-link-attributes",
    "container-links",
    "container-routes",
    "container-rules",
    "container-sysctls",
    "forward-rules",
    "host-ports",
    "leases",
    "masquerade",
    "node-addresses",
    "node-forwarding",
    "node-links",
    "node-routes",
    "resolver-file",
    "shaping",
    "spoof-guard",
  ]);
});
