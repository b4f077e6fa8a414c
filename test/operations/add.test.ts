import { describe, expect, test } from "vitest";
import { add } from "../../host/operations/add.ts";
import { CniError } from "../../host/spec/error.ts";
import { PLUGINS, RESULT, asksIpam, fakeBackend, heard, input, plugin } from "./fake-backend.ts";
import type { Guest } from "./fake-backend.ts";

describe("ADD of a chain", () => {
  test("calls the plugins in order and gives the last result in the configuration's version", async () => {
    const backend = fakeBackend({ guests: { "bridge add": asksIpam } });
    const { result, report } = await add(backend, input());
    expect(heard(backend)).toEqual(["bridge add", "host-local add", "tuning add"]);
    expect(result).toEqual({
      cniVersion: "1.0.0",
      interfaces: [{ name: "eth0", sandbox: "/run/netns/x" }],
      ips: [{ address: "10.1.0.7/24", interface: 0 }],
    });
    expect(backend.ended).toEqual([
      {
        operationId: backend.begun[0]?.operationId,
        outcome: "ok",
        result: JSON.stringify(result),
        phasesMicroseconds: { parse: 0, begin: 0, calls: 0 },
      },
    ]);
    expect(report.calls.map(({ type }) => type)).toEqual(["host-local", "bridge", "tuning"]);
    expect(report).toMatchObject({
      operationId: backend.begun[0]?.operationId,
      sweepMicroseconds: 2,
      phasesMicroseconds: { parse: 0, begin: 0, calls: 0 },
    });
  });

  test("fails where a plugin loses its sandbox: what it did is undone, and the runtime repeats the whole", async () => {
    const backend = fakeBackend({ losing: ["tuning add"] });
    await expect(add(backend, input())).rejects.toMatchObject({ kind: "guestFailed" });
    expect(heard(backend)).toEqual(["bridge add", "tuning add"]);
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("tells the helper everything at the beginning", async () => {
    const backend = fakeBackend();
    await add(backend, input({ args: [["K", "v"]], runtimeConfig: { mac: "x" } }));
    expect(backend.begun).toMatchObject([
      {
        verb: "ADD",
        network: "net",
        containerId: "c1",
        ifname: "eth0",
        netns: "/run/netns/x",
        cniVersion: "1.0.0",
        args: [["K", "v"]],
        runtimeConfig: '{"mac":"x"}',
        types: ["bridge", "host-local", "tuning"],
        origin: "test",
      },
    ]);
  });

  test("the first plugin gets no previous result, the next one that of the first", async () => {
    const backend = fakeBackend();
    await add(backend, input());
    const [first, second] = backend.calls;
    expect(first).toMatchObject({
      export: "attachment",
      previousResult: undefined,
      request: { previousResult: undefined },
    });
    expect(second).toMatchObject({
      export: "chained",
      request: { previousResult: { interfaces: [{ name: "eth0" }] } },
    });
    expect(JSON.parse(second?.previousResult ?? "")).toMatchObject({
      cniVersion: "1.0.0",
      ips: [{ address: "10.1.0.7/24" }],
    });
  });

  test("the IPAM plugin gets the caller's configuration, as a nested call, and its addresses widen the caller's scope", async () => {
    const backend = fakeBackend({ guests: { "bridge add": asksIpam } });
    await add(backend, input());
    const [bridge, ipam] = backend.calls;
    expect(ipam).toMatchObject({
      export: "addresses",
      parentCallId: bridge?.callId,
      plugin: { type: "host-local" },
    });
    expect(ipam?.request).toEqual(bridge?.request);
    expect(backend.endings).toEqual([
      ["host-local add", { outcome: "ok", addresses: ["10.1.0.7/24"], error: undefined }],
      ["bridge add", { outcome: "ok", addresses: [], error: undefined }],
      ["tuning add", { outcome: "ok", addresses: [], error: undefined }],
    ]);
  });

  test("converts to an old version", async () => {
    const network = { cniVersion: "0.3.1", name: "net", plugins: [{ type: "bridge" }] };
    const { result } = await add(fakeBackend(), input({ network }));
    expect(result).toMatchObject({ cniVersion: "0.3.1", ips: [{ version: "4", address: "10.1.0.7/24" }] });
  });

  test("a single plugin's configuration may bring the previous result along", async () => {
    const network = {
      cniVersion: "1.0.0",
      name: "net",
      type: "tuning",
      prevResult: { ips: [{ address: "10.9.0.1/24" }] },
    };
    const backend = fakeBackend();
    await add(backend, input({ network }));
    expect(backend.calls[0]?.previousResult).toBe('{"cniVersion":"1.0.0","ips":[{"address":"10.9.0.1/24"}]}');
    expect(backend.calls[0]?.request.configuration).not.toContain("prevResult");
  });

  test("an IPAM plugin can be called by its own name with the configuration of its caller", async () => {
    const network = { cniVersion: "1.0.0", name: "net", type: "bridge", ipam: { type: "host-local" } };
    const backend = fakeBackend();
    const { result } = await add(backend, input({ network, type: "host-local" }));
    expect(heard(backend)).toEqual(["host-local add"]);
    expect(backend.calls[0]).toMatchObject({ export: "addresses", parentCallId: undefined });
    expect(result).toEqual({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.7/24" }] });
  });

  test("tells the id before the first call", async () => {
    const backend = fakeBackend();
    const told: [string, number][] = [];
    await add(backend, input({ onBegin: (id) => told.push([id, backend.calls.length]) }));
    expect(told).toEqual([[backend.begun[0]?.operationId, 0]]);
  });
});

describe("ADD that fails", () => {
  test.for<{ title: string; guest: Guest; want: object; outcome: string }>([
    {
      title: "a plugin's error passes through",
      guest: { err: { code: 117, message: "no luck\u001b[2J", details: "at all" } },
      want: { kind: "pluginFailed", code: 117, message: "no luck\ufffd[2J", details: "at all" },
      outcome: "error",
    },
    {
      title: "a plugin's code 11 is 11",
      guest: { err: { code: 11, message: "later" } },
      want: { kind: "pluginFailed", code: 11 },
      outcome: "error",
    },
    { title: "code 0 becomes 999", guest: { err: { code: 0, message: "?" } }, want: { code: 999 }, outcome: "error" },
    {
      title: "a trap",
      guest: { trap: "unreachable executed" },
      want: { kind: "guestFailed", details: "unreachable executed" },
      outcome: "trap",
    },
    { title: "a limit", guest: { limit: "deadline of 20 ms" }, want: { kind: "limitExceeded" }, outcome: "killed" },
    { title: "no result", guest: { ok: undefined }, want: { kind: "guestFailed" }, outcome: "error" },
    { title: "an empty frame", guest: {}, want: { kind: "guestFailed" }, outcome: "error" },
    { title: "a result that is none", guest: { ok: { ips: "x" } }, want: { kind: "guestFailed" }, outcome: "error" },
    {
      title: "an address of a link that is not there",
      guest: { ok: { ...RESULT, ips: [{ ...RESULT.ips[0], interfaceIndex: 1 }] } },
      want: { kind: "guestFailed" },
      outcome: "error",
    },
    {
      title: "an error that is none",
      guest: { err: "no" } as unknown as Guest,
      want: { kind: "guestFailed" },
      outcome: "error",
    },
  ])("$title", async ({ guest, want, outcome }) => {
    const backend = fakeBackend({ guests: { "bridge add": guest } });
    await expect(add(backend, input())).rejects.toMatchObject(want);
    expect(heard(backend)).toEqual(["bridge add"]);
    expect(backend.endings).toMatchObject([["bridge add", { outcome, addresses: [] }]]);
    expect(backend.ended).toMatchObject([{ outcome: "error", result: undefined }]);
  });

  test("says what was refused and what could not be undone", async () => {
    const backend = fakeBackend({
      guests: { "bridge add": { err: { code: 5, message: "no", details: "d" } } },
      refusals: ["r1", "r1"],
      end: ["link veth0: EBUSY"],
    });
    await expect(add(backend, input())).rejects.toMatchObject({
      code: 5,
      details: "d\nrefused: r1\nnot undone: link veth0: EBUSY",
    });
  });

  test("the first error stays when the end fails too", async () => {
    const backend = fakeBackend({
      guests: { "bridge add": new CniError("helperFailed", "gone") },
      end: new Error("no connection"),
    });
    await expect(add(backend, input())).rejects.toMatchObject({
      kind: "helperFailed",
      message: "gone",
      details: "not undone yet: no connection",
    });
  });

  test("an ADD that cannot be kept is an error", async () => {
    await expect(add(fakeBackend({ end: new CniError("helperFailed", "broke") }), input())).rejects.toMatchObject({
      message: "broke",
    });
  });

  test("a beginning that is refused is passed on, and nothing is ended", async () => {
    const backend = fakeBackend({ begin: new CniError("tryAgainLater", "busy") });
    await expect(add(backend, input())).rejects.toMatchObject({ code: 11 });
    expect(backend.ended).toEqual([]);
  });

  test("an operation is ended when the one who is told its id throws", async () => {
    const backend = fakeBackend();
    const onBegin = (): never => {
      throw new TypeError("mine");
    };
    await expect(add(backend, input({ onBegin }))).rejects.toThrow(TypeError);
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test.for([
    { title: "a plugin", plugins: { ...PLUGINS, tuning: null }, type: "tuning" },
    { title: "an IPAM plugin", plugins: { ...PLUGINS, "host-local": null }, type: "host-local" },
  ])("$title that is not installed: nothing is called, and the command is named", async ({ plugins, type }) => {
    const backend = fakeBackend({ plugins });
    await expect(add(backend, input())).rejects.toMatchObject({
      kind: "unknownPlugin",
      code: 100,
      details: `install it with: cnidaria install ${type}`,
    });
    expect(backend.calls).toEqual([]);
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("a plugin that does not speak the version is code 1", async () => {
    const plugins = { ...PLUGINS, tuning: plugin("tuning", { cniVersions: ["1.1.0"] }) };
    await expect(add(fakeBackend({ plugins }), input())).rejects.toMatchObject({ code: 1, details: "it speaks 1.1.0" });
  });

  test.for<{ title: string; change: Parameters<typeof input>[0]; code: number }>([
    { title: "an empty container id", change: { containerId: "" }, code: 3 },
    { title: "an illegal container id", change: { containerId: "../x" }, code: 4 },
    { title: "an illegal link name", change: { ifname: "a/b" }, code: 4 },
    { title: "no namespace", change: { netns: "" }, code: 4 },
    { title: "a configuration that is no JSON", change: { network: "{" }, code: 6 },
    { title: "a list under another type's name", change: { type: "bridge" }, code: 7 },
  ])("$title is code $code, and the helper hears nothing", async ({ change, code }) => {
    const backend = fakeBackend();
    await expect(add(backend, input(change))).rejects.toMatchObject({ code });
    expect(backend.begun).toEqual([]);
  });
});
