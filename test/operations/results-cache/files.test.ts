import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openResultsCache } from "../../../host/operations/results-cache/files.ts";
import type { CachedAttachment } from "../../../host/operations/results-cache/format.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KEY = { network: "net", containerId: "c1", ifname: "eth0" };
const CACHED: CachedAttachment = {
  ...KEY,
  netns: "/run/netns/c1",
  configuration: '{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"ü"}]}',
  args: [["IgnoreUnknown", "1"]],
  runtimeConfig: { portMappings: [] },
  result: { cniVersion: "1.0.0", ips: [{ address: "10.1.0.2/24" }] },
};
const pathOf = (name = "net-c1-eth0") => join(folder, "results", name);
const write = (text: string, name?: string): void => {
  mkdirSync(join(folder, "results"), { recursive: true });
  writeFileSync(pathOf(name), text);
};

describe("a file of the cache", () => {
  test("has the form that libcni reads, and root alone may read it", () => {
    openResultsCache(folder).write(CACHED);
    const text = readFileSync(pathOf(), "utf8");
    expect(JSON.parse(text)).toEqual({
      kind: "cniCacheV1",
      containerId: "c1",
      config: Buffer.from(CACHED.configuration).toString("base64"),
      ifName: "eth0",
      networkName: "net",
      netns: "/run/netns/c1",
      cniArgs: [["IgnoreUnknown", "1"]],
      capabilityArgs: { portMappings: [] },
      result: CACHED.result,
    });
    expect(statSync(pathOf()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "results")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, "results"))).toEqual(["net-c1-eth0"]);
  });

  test("is read as it was written, replaced, and removed, also twice", () => {
    const cache = openResultsCache(folder);
    expect(cache.read(KEY)).toBeUndefined();
    cache.write(CACHED);
    expect(cache.read(KEY)).toEqual({ attachment: CACHED, result: CACHED.result });
    cache.write({ ...CACHED, result: {} });
    expect(cache.read(KEY)?.result).toEqual({});
    cache.remove(KEY);
    cache.remove(KEY);
    expect(cache.read(KEY)).toBeUndefined();
  });

  test("of an older libcni holds a result alone", () => {
    write('{"cniVersion":"0.2.0","ip4":{"ip":"10.1.0.2/24"}}');
    expect(openResultsCache(folder).read(KEY)).toEqual({
      attachment: undefined,
      result: { cniVersion: "0.2.0", ip4: { ip: "10.1.0.2/24" } },
    });
  });

  test("of an older libcni names neither namespace nor arguments", () => {
    write('{"kind":"cniCacheV1","containerId":"c1","config":"e30=","ifName":"eth0","networkName":"net","result":{}}');
    expect(openResultsCache(folder).read(KEY)?.attachment).toEqual({
      ...KEY,
      netns: undefined,
      configuration: "{}",
      args: [],
      runtimeConfig: {},
      result: {},
    });
  });

  test.for([
    "",
    "{",
    "[]",
    '{"kind":"other","result":{}}',
    '{"kind":"cniCacheV1","containerId":"c1"}',
    '{"kind":"cniCacheV1","containerId":"c1","config":"","ifName":"eth0","networkName":"net","result":1}',
    '{"kind":"cniCacheV1","containerId":"c1","config":"","ifName":"eth0","networkName":"net","cniArgs":[1],"result":{}}',
  ])("that is broken is an error, and can be removed: %s", (text) => {
    write(text);
    expect(() => openResultsCache(folder).read(KEY)).toThrow(expect.objectContaining({ kind: "decodingFailure" }));
    openResultsCache(folder).remove(KEY);
    expect(existsSync(pathOf())).toBe(false);
  });

  test("of another attachment, whose names make the same file name, is none, and stays", () => {
    const cache = openResultsCache(folder);
    cache.write({ ...CACHED, network: "a-b", containerId: "c" });
    const other = { network: "a", containerId: "b-c", ifname: "eth0" };
    expect(cache.read(other)).toBeUndefined();
    cache.remove(other);
    expect(cache.list("c")).toHaveLength(1);
  });

  test("is nowhere but in its folder", () => {
    const cache = openResultsCache(folder);
    const bad = { network: "../x", containerId: "../../x", ifname: "a/b" };
    for (const [field, value] of Object.entries(bad)) {
      const key = { ...CACHED, [field]: value };
      for (const use of [cache.read, cache.remove, cache.write]) expect(() => use(key)).toThrow("not a");
    }
    expect(existsSync(join(folder, "results"))).toBe(false);
  });

  test("that is a folder cannot be used", () => {
    mkdirSync(pathOf(), { recursive: true });
    const cache = openResultsCache(folder);
    for (const use of [() => cache.read(KEY), () => cache.remove(KEY), () => cache.write(CACHED)])
      expect(use).toThrow(expect.objectContaining({ kind: "ioFailure" }));
    expect(readdirSync(join(folder, "results"))).toEqual(["net-c1-eth0"]);
    chmodSync(pathOf(), 0o700);
  });

  test("needs an absolute folder", () => {
    expect(() => openResultsCache("cache")).toThrow(expect.objectContaining({ kind: "ioFailure" }));
  });
});

describe("the attachments of a container", () => {
  test("are those whose files say so, not those whose names look like it", () => {
    const cache = openResultsCache(folder);
    expect(cache.list()).toEqual([]);
    const other = { ...CACHED, network: "a", containerId: "b-c1", ifname: "eth0" };
    const second = { ...CACHED, ifname: "net1" };
    for (const each of [CACHED, other, second]) cache.write(each);
    write("{", "x-c1-eth0");
    write("{}", "y-c1-eth0");
    expect(cache.list("c1")).toEqual([CACHED, second]);
    expect(cache.list("c2")).toEqual([]);
    expect(cache.list()).toEqual([other, CACHED, second]);
  });
});
