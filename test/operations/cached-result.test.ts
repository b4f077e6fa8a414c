import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { add } from "../../host/operations/add.ts";
import { check } from "../../host/operations/check.ts";
import { del } from "../../host/operations/del.ts";
import { openResultsCache } from "../../host/operations/results-cache/files.ts";
import { CniError } from "../../host/spec/error.ts";
import { ATTACHMENT, LIST, fakeBackend, input } from "./fake-backend.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KEY = { network: "net", containerId: "c1", ifname: "eth0" };
const files = (): readonly string[] => {
  mkdirSync(join(folder, "results"), { recursive: true });
  return readdirSync(join(folder, "results"));
};
const withCache = (change: object = {}) => input({ cache: openResultsCache(folder), ...change });
const writeFile = (text: string): void => {
  mkdirSync(join(folder, "results"), { recursive: true });
  writeFileSync(join(folder, "results", "net-c1-eth0"), text);
};
/** What libcni 1.0 left of an attachment at 0.4.0. */
const LEFT = JSON.stringify({
  kind: "cniCacheV1",
  containerId: "c1",
  config: "e30=",
  ifName: "eth0",
  networkName: "net",
  result: { cniVersion: "0.4.0", ips: [{ version: "4", address: "10.1.0.9/24" }] },
});

describe("the files of attachments", () => {
  test("ADD writes what it was given and what it answered, and DEL removes it", async () => {
    const request = { args: [["IgnoreUnknown", "1"]] as const, runtimeConfig: { portMappings: [] } };
    const { result } = await add(fakeBackend(), withCache(request));
    expect(openResultsCache(folder).read(KEY)?.attachment).toEqual({
      ...KEY,
      ...request,
      netns: "/run/netns/x",
      configuration: JSON.stringify(LIST),
      result,
    });
    await del(fakeBackend({ attachment: ATTACHMENT }), withCache());
    expect(files()).toEqual([]);
  });

  test("nothing is written by an ADD that fails, in its plugins or at its end, or whose file cannot be written", async () => {
    const failing = fakeBackend({ guests: { "tuning add": { err: { code: 120, message: "no" } } } });
    await expect(add(failing, withCache())).rejects.toMatchObject({ code: 120 });
    expect(files()).toEqual([]);
    const ending = fakeBackend({ end: new CniError("helperFailed", "gone") });
    await expect(add(ending, withCache())).rejects.toMatchObject({ message: "gone" });
    expect(files()).toEqual([]);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "");
    const backend = fakeBackend();
    await expect(add(backend, withCache())).rejects.toMatchObject({ kind: "ioFailure" });
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("nothing is written or read when one plugin is called by an executable of ours", async () => {
    const network = { cniVersion: "1.0.0", name: "net", type: "bridge" };
    await add(fakeBackend(), withCache({ network, type: "bridge" }));
    expect(files()).toEqual([]);
    writeFile("{");
    const backend = fakeBackend();
    await del(backend, withCache({ network, type: "bridge" }));
    expect(backend.calls[0]?.previousResult).toBeUndefined();
    expect(files()).toEqual(["net-c1-eth0"]);
  });

  test("stay when DEL fails", async () => {
    writeFile(LEFT);
    const backend = fakeBackend({ guests: { "bridge del": { err: { code: 120, message: "no" } } } });
    await expect(del(backend, withCache())).rejects.toMatchObject({ code: 120 });
    expect(files()).toEqual(["net-c1-eth0"]);
  });

  test("DEL and CHECK of an attachment that libcni made have its result, in the configuration's present version", async () => {
    for (const verb of [check, del]) {
      writeFile(LEFT);
      const backend = fakeBackend();
      await verb(backend, withCache());
      for (const { previousResult } of backend.calls) {
        expect(JSON.parse(previousResult ?? "")).toEqual({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.9/24" }] });
      }
      expect(backend.calls).toHaveLength(2);
    }
  });

  test("what the ledger knows comes first", async () => {
    writeFile(LEFT);
    const backend = fakeBackend({ attachment: ATTACHMENT });
    await del(backend, withCache());
    expect(backend.calls[0]?.previousResult).toBe(ATTACHMENT.result);
  });

  test.for(["{", "[]", '{"kind":"cniCacheV1"}', '{"cniVersion":"1.0.0","ips":7}'])(
    "a broken file, %s, is dropped with a warning, and DEL goes on; CHECK does not",
    async (text) => {
      const warnings: string[] = [];
      const onWarning = (line: string) => warnings.push(line);
      writeFile(text);
      await expect(check(fakeBackend(), withCache({ onWarning }))).rejects.toMatchObject({ kind: "decodingFailure" });
      expect(warnings).toEqual([]);
      const backend = fakeBackend();
      await del(backend, withCache({ onWarning }));
      expect(backend.calls.map((call) => call.previousResult)).toEqual([undefined, undefined]);
      expect(warnings).toHaveLength(1);
      expect(files()).toEqual([]);
    },
  );
});
