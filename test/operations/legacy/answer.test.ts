import { describe, expect, test } from "vitest";
import { judgeAnswer, readLegacyAddresses, readLegacyResult } from "../../../host/operations/legacy/answer.ts";
import { formatResult } from "../../../host/spec/result-json.ts";

const BY = { who: 'plugin "old"', verb: "ADD" };
const ended = (change: object = {}) => ({ exitCode: 0, signal: undefined, stdout: "{}", stderr: "", ...change });

describe("an executable that went well", () => {
  test.for([
    { stdout: '{"cniVersion":"1.0.0"}\n', value: { cniVersion: "1.0.0" } },
    { stdout: "null", value: {} },
  ])("answers $stdout", ({ stdout, value }) => {
    expect(judgeAnswer(BY, ended({ stdout, stderr: "noise" }))).toEqual(value);
  });

  test.for(["", "hello\n{}", "[]", "7", '"x"', "{", "{}{}"])("with %j on stdout has not, on ADD", (stdout) => {
    expect(() => judgeAnswer(BY, ended({ stdout }))).toThrow(expect.objectContaining({ kind: "guestFailed" }));
  });

  test("shows its noise, without its control characters", () => {
    expect(() => judgeAnswer(BY, ended({ stdout: "\u001b[31mhello" }))).toThrow(
      expect.objectContaining({
        message: 'plugin "old" wrote to its stdout what is not JSON on ADD',
        details: 'want a result and nothing else; got "\ufffd[31mhello"',
      }),
    );
  });

  test.for(["", "hello", "[]", "{}"])("may say %j on DEL", (stdout) => {
    expect(judgeAnswer({ ...BY, verb: "DEL" }, ended({ stdout }))).toEqual({});
  });
});

describe("an executable that failed", () => {
  test.for([
    { stdout: '{"code":7,"msg":"no","details":"d"}', error: { code: 7, message: "no", details: "d\nstderr: why" } },
    { stdout: '{"cniVersion":"9.9.9","code":0,"msg":""}', error: { code: 0, message: "" } },
    { stdout: '{"Code":4242,"MSG":"Go reads any case"}', error: { code: 4242, message: "Go reads any case" } },
  ])("gives its own error: $stdout", ({ stdout, error }) => {
    expect(() => judgeAnswer(BY, ended({ exitCode: 1, stdout, stderr: "why" }))).toThrow(
      expect.objectContaining({ kind: "pluginFailed", ...error }),
    );
  });

  test("without a word on stdout gives what it said on stderr", () => {
    expect(() => judgeAnswer(BY, ended({ exitCode: 3, stdout: "\n", stderr: "panic: x\n" }))).toThrow(
      expect.objectContaining({
        kind: "pluginFailed",
        code: 999,
        message: 'plugin "old" failed on ADD: panic: x',
        details: "it exited with 3 and wrote no error to its stdout",
      }),
    );
    expect(() => judgeAnswer(BY, ended({ exitCode: 1, stdout: "" }))).toThrow("it did not say why");
  });

  test.for(["hello", "{", "[]", '{"code":-1,"msg":"x"}', '{"code":"7","msg":"x"}', '{"code":7}', '{"code":7,"msg":1}'])(
    "with %j on stdout gave no error that can be understood",
    (stdout) => {
      expect(() => judgeAnswer(BY, ended({ exitCode: 1, stdout, stderr: "why" }))).toThrow(
        expect.objectContaining({ kind: "guestFailed", details: expect.stringContaining("stderr: why") as string }),
      );
    },
  );

  test("by a signal says which", () => {
    expect(() => judgeAnswer(BY, ended({ exitCode: undefined, signal: "SIGSEGV", stderr: "x" }))).toThrow(
      expect.objectContaining({ kind: "guestFailed", message: 'plugin "old" was ended by SIGSEGV on ADD' }),
    );
  });
});

describe("a result", () => {
  const ips10 = [{ address: "10.1.0.2/24" }];
  test.for<{ why: string; value: object; asked: string; got: object }>([
    {
      why: "of an older version is converted",
      value: { cniVersion: "0.2.0", ip4: { ip: "10.1.0.2/24" } },
      asked: "1.0.0",
      got: { cniVersion: "1.0.0", ips: ips10 },
    },
    {
      why: "of a newer version than asked is converted",
      value: { cniVersion: "1.1.0", ips: ips10, interfaces: [{ name: "eth0", mtu: 1400 }] },
      asked: "0.4.0",
      got: { cniVersion: "0.4.0", ips: [{ version: "4", address: "10.1.0.2/24" }], interfaces: [{ name: "eth0" }] },
    },
    {
      why: "of a version that nobody knows yet is read as the newest",
      value: { cniVersion: "2.0.0", ips: ips10 },
      asked: "1.1.0",
      got: { cniVersion: "1.1.0", ips: ips10 },
    },
    {
      why: "without a version has that of the configuration",
      value: { ip4: { ip: "10.1.0.2/24" } },
      asked: "0.2.0",
      got: { cniVersion: "0.2.0", ip4: { ip: "10.1.0.2/24" } },
    },
    {
      why: "with an empty version too",
      value: { cniVersion: "", ip4: { ip: "10.1.0.2/24" } },
      asked: "0.2.0",
      got: { cniVersion: "0.2.0", ip4: { ip: "10.1.0.2/24" } },
    },
  ])("$why", ({ value, asked, got }) => {
    const read = readLegacyResult(BY, JSON.parse(JSON.stringify(value)), asked);
    expect(formatResult(read, asked)).toMatchObject(got);
  });

  test("of an IPAM plugin keeps what else it says", () => {
    const read = readLegacyAddresses(BY, { cniVersion: "1.0.0", ips: ips10, interfaces: [{ name: "up0" }] }, "1.0.0");
    expect(read).toMatchObject({ extensions: '{"interfaces":[{"name":"up0"}]}' });
    expect(read).not.toHaveProperty("interfaces");
  });

  test.for([{ ips: 1 }, { ips: [{ address: "x" }] }, { cniVersion: "v1" }, { cniVersion: 1 }])(
    "%j is none",
    (value) => {
      expect(() => readLegacyResult(BY, value, "1.0.0")).toThrow(
        expect.objectContaining({ kind: "guestFailed", message: expect.stringContaining('plugin "old"') as string }),
      );
    },
  );
});
