import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSandboxFrame } from "../../host/sandbox/frames.ts";

const RESULT = {
  type: "result",
  callId: "c",
  outcome: { ok: { ips: [] } },
  tookIpam: false,
  hostCalls: 1,
  instantiateMicroseconds: 2,
  guestMicroseconds: 3,
};

test.for([
  { title: "ready", frame: { type: "ready", loadMicroseconds: 5 } },
  { title: "failed", frame: { type: "failed", message: "no" } },
  { title: "a line of the log", frame: { type: "log", level: "warn", message: "careful" } },
  { title: "a question to the IPAM plugin", frame: { type: "ipam", verb: "add" } },
  { title: "a result", frame: RESULT },
  { title: "a trap", frame: { ...RESULT, outcome: { trap: "unreachable" } } },
  { title: "a limit", frame: { ...RESULT, outcome: { limit: "100 host calls" } } },
  { title: "an error", frame: { ...RESULT, outcome: { err: { code: 7, message: "no", details: undefined } } } },
])("takes $title", ({ frame }) => {
  expect(parseSandboxFrame(frame)).toEqual(frame);
});

test("takes a result without a value, whose ok is no JSON", () => {
  expect(parseSandboxFrame({ ...RESULT, outcome: {} })).toEqual({ ...RESULT, outcome: { ok: undefined } });
});

test("drops what a frame has too much", () => {
  expect(parseSandboxFrame({ type: "ready", loadMicroseconds: 5, extra: 1 })).toEqual({
    type: "ready",
    loadMicroseconds: 5,
  });
});

test.for([
  { title: "no object", frame: 7 },
  { title: "an unknown type", frame: { type: "operation" } },
  { title: "a type that is on every object", frame: { type: "toString" } },
  { title: "a time that is none", frame: { type: "ready", loadMicroseconds: -1 } },
  { title: "a level that is none", frame: { type: "log", level: "panic", message: "x" } },
  { title: "a message that is no text", frame: { type: "log", level: "info", message: {} } },
  { title: "an unknown verb", frame: { type: "ipam", verb: "purge" } },
  { title: "a result that says nothing of IPAM", frame: { ...RESULT, tookIpam: undefined } },
  { title: "a result without an outcome", frame: { ...RESULT, outcome: undefined } },
  { title: "an error without a code", frame: { ...RESULT, outcome: { err: { message: "no" } } } },
  { title: "an error with half a code", frame: { ...RESULT, outcome: { err: { code: 0.5, message: "no" } } } },
  { title: "a count that is none", frame: { ...RESULT, hostCalls: "many" } },
])("refuses $title", ({ frame }) => {
  expect(parseSandboxFrame(frame)).toBeUndefined();
});

test("never throws, whatever JSON arrives", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => void parseSandboxFrame(value)));
});
