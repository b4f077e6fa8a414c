import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseArguments } from "../../host/helper/main.ts";
import { METHODS } from "../../host/helper/methods/index.ts";
import { METHOD_SCHEMAS } from "../../host/helper/methods/schemas.ts";
import { describeError, parseRequest } from "../../host/helper/session.ts";
import { VERSION } from "../../host/helper/version.ts";
import { ProtocolViolation } from "../../host/helper/violation.ts";
import { CniError } from "../../host/spec/error.ts";
import { beginParameters } from "./support/bench.ts";

test.for<{ title: string; frame: unknown }>([
  { title: "a frame that is no object", frame: [1, "hello", {}] },
  { title: "a request without a number", frame: { method: "hello", params: {} } },
  { title: "a negative number", frame: { id: -1, method: "hello", params: {} } },
  { title: "a method that is on every object", frame: { id: 1, method: "toString", params: {} } },
  { title: "a method named as a prototype", frame: { id: 1, method: "__proto__", params: {} } },
  { title: "a method that does not exist", frame: { id: 1, method: "set-state-dir", params: {} } },
  { title: "a parameter too many", frame: { id: 1, method: "hello", params: { stateDir: "/" } } },
  {
    title: "a parameter of another type",
    frame: { id: 1, method: "kill-sandbox", params: { sandboxId: 1, reason: "" } },
  },
  { title: "a parameter too few", frame: { id: 1, method: "kill-sandbox", params: { sandboxId: "x" } } },
  { title: "a verb that does not exist", frame: { id: 1, method: "begin-operation", params: { verb: "GC" } } },
  {
    title: "an id that is no UUID",
    frame: { id: 1, method: "begin-operation", params: { ...beginParameters({}), operationId: "../../etc/shadow" } },
  },
])("takes $title for a breach", ({ frame }) => {
  expect(() => parseRequest(frame)).toThrow(ProtocolViolation);
});

test("parses a request", () => {
  const params = { sandboxId: "s1", reason: "idle" };
  expect(parseRequest({ id: 3, method: "kill-sandbox", params })).toEqual({ id: 3, method: "kill-sandbox", params });
});

test("every method has a schema", () => {
  expect(Object.keys(METHODS).sort()).toEqual(Object.keys(METHOD_SCHEMAS).sort());
});

test("an error of ours keeps its kind; any other is a failure of the helper", () => {
  expect(describeError(new CniError("invalidNetns", "gone", { details: "why" }))).toEqual({
    kind: "invalidNetns",
    code: 8,
    message: "gone",
    details: "why",
  });
  expect(describeError(new TypeError("x"))).toMatchObject({ kind: "helperFailed", code: 105 });
});

test.for<{ why: string; args: string[] }>([
  { why: "nothing", args: [] },
  { why: "no folder", args: ["--state-dir"] },
  { why: "a relative folder", args: ["--state-dir", "state"] },
  { why: "something more", args: ["--state-dir", "/state", "--unsafe"] },
  { why: "another option", args: ["--eval", "/state"] },
])("refuses a command line with $why", ({ args }) => {
  expect(() => parseArguments(args)).toThrow(CniError);
});

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(VERSION).toBe(version);
});
