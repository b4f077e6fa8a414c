import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AttachmentRecord } from "../../host/helper/protocol.ts";
import type { Backend } from "../../host/operations/backend.ts";
import { gc } from "../../host/operations/gc.ts";
import { openResultsCache } from "../../host/operations/results-cache/files.ts";
import type { CachedAttachment } from "../../host/operations/results-cache/format.ts";
import { CniError } from "../../host/spec/error.ts";
import { parseContainerId, parseIfName } from "../../host/spec/names.ts";
import { ATTACHMENT, LIST, PLUGINS, fakeBackend, heard, input, plugin } from "./fake-backend.ts";
import type { FakeOptions } from "./fake-backend.ts";
import { createScripts } from "./legacy/script.ts";

const NETWORK = { ...LIST, cniVersion: "1.1.0" };
const { containerId: _id, netns: _netns, ifname: _ifname, ...INPUT } = input({ network: NETWORK });
const VALID = [{ containerId: parseContainerId("c9"), ifname: parseIfName("eth0") }];
const collect = (backend: Backend, change: object = {}, valid = VALID): Promise<void> =>
  gc(
    (body) => body(backend),
    { ...INPUT, ...change },
    async () => valid,
  );

/** An attachment on record with a configuration of its own. */
const record = (containerId: string, change: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  ...ATTACHMENT,
  containerId,
  netns: `/run/netns/${containerId}`,
  configuration: JSON.stringify({ cniVersion: "1.0.0", name: "net", plugins: [{ type: "tuning", of: containerId }] }),
  ...change,
});

describe("GC", () => {
  test("deletes what is stale with its own configuration, as a part of it; then sweeps, then ends", async () => {
    const backend = fakeBackend({ stale: [record("c1"), record("c2", { ifname: "net1", args: [["A", "1"]] })] });
    await collect(backend);
    const [own, ...parts] = backend.begun;
    expect(own).toMatchObject({ verb: "GC", network: "net", containerId: "", ifname: "", netns: "" });
    const within = own?.operationId;
    expect(parts).toMatchObject([
      { verb: "DEL", containerId: "c1", ifname: "eth0", netns: "/run/netns/c1", within, types: ["tuning"] },
      { verb: "DEL", containerId: "c2", ifname: "net1", args: [["A", "1"]], within, types: ["tuning"] },
    ]);
    const configurations = backend.calls.map(({ request }) => JSON.parse(request.configuration) as unknown);
    expect(configurations).toMatchObject([{ of: "c1" }, { of: "c2" }]);
    expect(backend.swept).toEqual([{ operationId: within, valid: VALID }]);
    expect(backend.order.filter((each) => ["begin", "sweep", "end"].includes(each))).toEqual(
      "begin begin begin end end sweep end".split(" "),
    );
    expect(backend.ended.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok"]);
  });

  test("deletes what plugins were added one by one by their types, those of one container in order", async () => {
    const configuration = JSON.stringify({
      cniVersion: "1.0.0",
      name: "net",
      type: "bridge",
      ipam: { type: "host-local" },
    });
    const stale = ["tuning", "host-local"].map((scope) => record("c1", { scope, configuration }));
    const backend = fakeBackend({ stale });
    await collect(backend);
    expect(heard(backend)).toEqual(["tuning del", "host-local del"]);
    expect(backend.begun.map(({ scope }) => scope)).toEqual(["", "tuning", "host-local"]);
  });

  test("asks what is valid when it has the network to itself", async () => {
    const backend = fakeBackend({ stale: [] });
    await gc(
      (body) => body(backend),
      INPUT,
      async () => {
        backend.order.push("asked");
        return VALID;
      },
    );
    expect(backend.order.filter((each) => ["begin", "asked", "sweep", "end"].includes(each))).toEqual(
      "begin asked sweep end".split(" "),
    );
  });

  test("removes nothing where nobody can say what is valid", async () => {
    const backend = fakeBackend({ stale: [record("c1")] });
    const asking = gc(
      (body) => body(backend),
      INPUT,
      () => Promise.reject(new CniError("ioFailure", "nobody knows")),
    );
    await expect(asking).rejects.toMatchObject({ kind: "ioFailure" });
    expect(backend.order.filter((each) => ["begin", "sweep", "end"].includes(each))).toEqual(["begin", "end"]);
    expect(backend.ended.map(({ outcome }) => outcome)).toEqual(["error"]);
  });

  test.for([true, "true", "True"])("disableGC: %j: nothing is done", async (disableGC) => {
    const backend = fakeBackend({ stale: [record("c1")] });
    await collect(backend, { network: { ...NETWORK, disableGC } });
    expect(backend.order).toEqual([]);
  });

  test("waits for nobody when somebody else is at it for too long", async () => {
    const backend = fakeBackend({ begin: new CniError("tryAgainLater", "busy") });
    await expect(collect(backend)).rejects.toMatchObject({ code: 11 });
    expect(backend.order).toEqual(["begin"]);
  });

  test("goes on after failures and reports all of them", async () => {
    const failing = record("c2", { configuration: "{" });
    const backend = fakeBackend({
      stale: [record("c1"), failing, record("c3")],
      guests: { "tuning del": { err: { code: 120, message: "no" } } },
      remains: ["link veth0: EBUSY"],
    });
    const error = await collect(backend).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: expect.any(Number) as number });
    const { message, details } = error as CniError;
    const lines = [message, ...(details ?? "").split("\n")].join("\n");
    expect(lines).toContain("stale attachment c1 eth0: no");
    expect(lines).toContain("stale attachment c2 eth0: ");
    expect(lines).toContain("stale attachment c3 eth0: no");
    expect(lines).toContain('also: not everything that is stale in network "net" could be removed');
    expect(backend.swept).toHaveLength(1);
    expect(backend.ended.at(-1)).toMatchObject({ outcome: "error" });
  });

  test("what remains is an error", async () => {
    await expect(collect(fakeBackend({ remains: ["link veth0: EBUSY"] }))).rejects.toMatchObject({
      kind: "helperFailed",
      details: "not removed: link veth0: EBUSY",
    });
  });

  test("of an attachment whose plugin is gone succeeds: it is on record", async () => {
    const backend = fakeBackend({ stale: [record("c1")], attachment: ATTACHMENT, plugins: { tuning: null } });
    await collect(backend);
    expect(heard(backend)).toEqual([]);
    expect(backend.swept).toHaveLength(1);
  });
});

describe("GC with libcni's cache", () => {
  const cached = (containerId: string, change: Partial<CachedAttachment> = {}): CachedAttachment => ({
    network: "net",
    containerId,
    ifname: "eth0",
    netns: undefined,
    configuration: JSON.stringify({ cniVersion: "1.0.0", name: "net", plugins: [{ type: "tuning", of: containerId }] }),
    args: [],
    runtimeConfig: {},
    result: { cniVersion: "1.0.0" },
    ...change,
  });

  test("deletes what its files alone tell of, after what is on record; valid ones and other networks' stay", async () => {
    using folder = createScripts();
    const cache = openResultsCache(folder.path);
    for (const each of [cached("c1"), cached("c2"), cached("c9"), cached("c3", { network: "other" })])
      cache.write(each);
    const backend = fakeBackend({ stale: [record("c1")] });
    await collect(backend, { cache });
    const deleted = backend.begun.filter(({ verb }) => verb === "DEL");
    expect(deleted.map(({ containerId, netns }) => [containerId, netns])).toEqual([
      ["c1", "/run/netns/c1"],
      ["c2", ""],
    ]);
    expect(deleted.every(({ within }) => within === backend.begun[0]?.operationId)).toBe(true);
    expect(cache.list().map(({ containerId }) => containerId)).toEqual(["c9", "c3"]);
  });

  test("keeps the file of an attachment that could not be deleted", async () => {
    using folder = createScripts();
    const cache = openResultsCache(folder.path);
    cache.write(cached("c1"));
    const backend = fakeBackend({
      stale: [record("c1")],
      guests: { "tuning del": { err: { code: 120, message: "no" } } },
    });
    await expect(collect(backend, { cache })).rejects.toMatchObject({ code: 120 });
    expect(heard(backend)).toEqual(["tuning del"]);
    expect(cache.list()).toHaveLength(1);
  });
});

describe("GC of plugins", () => {
  const withNetwork = (guests: FakeOptions["guests"] = {}): FakeOptions => ({
    guests,
    plugins: {
      ...PLUGINS,
      bridge: plugin("bridge", { exports: ["attachment", "network"] }),
      "host-local": plugin("host-local", { exports: ["addresses", "network"] }),
    },
  });

  test("calls the export network, of IPAM plugins, too, with the valid attachments; after the sweep", async () => {
    const backend = fakeBackend(withNetwork());
    await collect(backend);
    expect(backend.calls.map(({ plugin: { type }, export: name, verb, valid }) => [type, name, verb, valid])).toEqual([
      ["bridge", "network", "gc", VALID],
      ["host-local", "network", "gc", VALID],
    ]);
    expect(backend.calls[0]?.request).toMatchObject({ networkName: "net", cniVersion: "1.1.0" });
    expect(backend.order.indexOf("sweep")).toBeLessThan(backend.order.indexOf("run bridge gc"));
  });

  test("below 1.1.0 calls none, and deletes what is stale all the same", async () => {
    const backend = fakeBackend({ ...withNetwork(), stale: [record("c1")] });
    await collect(backend, { network: { ...LIST, cniVersion: "1.0.0" } });
    expect(heard(backend)).toEqual(["tuning del"]);
    expect(backend.swept).toHaveLength(1);
  });

  test("goes on after one that fails", async () => {
    const backend = fakeBackend(withNetwork({ "bridge gc": { err: { code: 130, message: "no" } } }));
    await expect(collect(backend)).rejects.toMatchObject({ code: 130, message: "no" });
    expect(heard(backend)).toEqual(["bridge gc", "host-local gc"]);
  });

  test("calls executables that the operator allows, with both spellings of the key", async () => {
    using scripts = createScripts();
    scripts.script("tuning", `cat > ${scripts.path}/stdin; env > ${scripts.path}/env`);
    const backend = fakeBackend({ plugins: { ...PLUGINS, tuning: null }, legacy: ["tuning"] });
    await collect(backend, { pluginDirs: [join(scripts.path, "bin")] });
    const read = (name: string): string => readFileSync(join(scripts.path, name), "utf8");
    const list = [{ containerID: "c9", ifname: "eth0" }];
    expect(JSON.parse(read("stdin"))).toEqual({
      cniVersion: "1.1.0",
      name: "net",
      type: "tuning",
      "cni.dev/valid-attachments": list,
      "cni.dev/attachments": list,
    });
    expect(read("env")).toContain("CNI_COMMAND=GC");
  });
});
