import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KnownAnswers } from "../../host/operations/known-answers.ts";
import { status } from "../../host/operations/status.ts";
import type { WithBackend } from "../../host/operations/status.ts";
import { CniError } from "../../host/spec/error.ts";
import { LIST, PLUGINS, fakeBackend, heard, input, plugin } from "./fake-backend.ts";
import type { FakeBackend, FakeOptions } from "./fake-backend.ts";
import { createScripts } from "./legacy/script.ts";

const NETWORK = { ...LIST, cniVersion: "1.1.0" };
const { containerId: _id, netns: _netns, ifname: _ifname, ...INPUT } = input({ network: NETWORK });
const on =
  (backend: FakeBackend): WithBackend =>
  (body) =>
    body(backend);
const ask = (backend: FakeBackend, change: object = {}, known = new KnownAnswers()): Promise<void> =>
  status(on(backend), { ...INPUT, ...change }, known);

describe("STATUS", () => {
  test("asks the IPAM plugin, about no container, and nobody who has nothing to say", async () => {
    const backend = fakeBackend();
    await ask(backend);
    expect(heard(backend)).toEqual(["host-local status"]);
    expect(backend.calls[0]).toMatchObject({
      export: "addresses",
      request: { containerId: "", ifname: "", netns: "", networkName: "net" },
    });
    expect(backend.begun).toMatchObject([{ verb: "STATUS", containerId: "", ifname: "" }]);
    expect(backend.ended).toMatchObject([{ outcome: "ok" }]);
  });

  test("asks the export network of a plugin that has one, with the request of a network", async () => {
    const tuning = plugin("tuning", { exports: ["chained", "network"], capabilities: [] });
    const backend = fakeBackend({ status: { tuning: { plugin: tuning } }, plugins: { ...PLUGINS, tuning } });
    await ask(backend);
    expect(heard(backend)).toEqual(["host-local status", "tuning status"]);
    const configuration = JSON.stringify({ cniVersion: "1.1.0", name: "net", type: "tuning" });
    expect(backend.calls[1]).toMatchObject({
      export: "network",
      request: { cniVersion: "1.1.0", networkName: "net", configuration },
    });
  });

  test.for(["0.1.0", "0.4.0", "1.0.0"])("below 1.1.0 (%s) looks at nothing", async (cniVersion) => {
    const backend = fakeBackend({ status: new CniError("helperFailed", "gone") });
    await ask(backend, { network: { ...LIST, cniVersion } });
    expect(backend.order).toEqual([]);
    expect(backend.asked).toEqual([]);
  });

  test.for([
    { asked: { ipMasq: true, macspoofchk: true }, unused: [] },
    { asked: { ipMasq: false, macspoofchk: true }, unused: ["masquerade"] },
    { asked: { ipMasq: true }, unused: ["spoof-guard"] },
  ])("with $asked, of the bridge's grants $unused is not used", async ({ asked, unused }) => {
    const backend = fakeBackend();
    await ask(backend, { network: { ...NETWORK, plugins: [{ type: "bridge", ...asked }] } });
    expect(backend.asked).toEqual([{ network: "net", plugins: [{ type: "bridge", unused }] }]);
  });

  test("of one plugin that is executed as its IPAM plugin asks that one", async () => {
    const backend = fakeBackend();
    const network = { cniVersion: "1.1.0", name: "net", type: "bridge", ipam: { type: "host-local" } };
    await ask(backend, { network, type: "host-local" });
    expect(heard(backend)).toEqual(["host-local status"]);
  });
});

describe("STATUS stops at the first error", () => {
  test.for<{ title: string; options: FakeOptions; error: object; heard: readonly string[] }>([
    {
      title: "a type that is not installed",
      options: { status: { bridge: null } },
      error: { kind: "pluginUnavailable", code: 50, message: 'plugin "bridge" is not installed' },
      heard: [],
    },
    {
      title: "an IPAM type that is not installed",
      options: { status: { "host-local": null } },
      error: { code: 50, message: 'plugin "host-local" is not installed' },
      heard: [],
    },
    {
      title: "a later type that is not installed, after the earlier ones were asked",
      options: { status: { tuning: null } },
      error: { code: 50, message: 'plugin "tuning" is not installed' },
      heard: ["host-local status"],
    },
    {
      title: "a machine that lacks something",
      options: { status: { bridge: { missing: ["links of kind veth"] } } },
      error: { code: 50, message: 'plugin "bridge" cannot serve: the machine lacks links of kind veth' },
      heard: [],
    },
    {
      title: "what containers have lost, before what is missing",
      options: { status: { bridge: { missing: ["links"], lost: ['bridge "cni0" is gone'] } } },
      error: { code: 51, message: 'containers of network "net" may be degraded: bridge "cni0" is gone' },
      heard: [],
    },
    {
      title: "a plugin that does not speak the version",
      options: { status: { bridge: { plugin: plugin("bridge", { cniVersions: ["1.0.0"] }) } } },
      error: { code: 1 },
      heard: [],
    },
    {
      title: "a plugin's own code",
      options: { guests: { "host-local status": { err: { code: 50, message: "no address is free" } } } },
      error: { kind: "pluginFailed", code: 50, message: "no address is free" },
      heard: ["host-local status"],
    },
    {
      title: "a plugin that traps",
      options: { guests: { "host-local status": { trap: "unreachable" } } },
      error: { kind: "pluginUnavailable", code: 50, message: 'plugin "host-local" trapped on status' },
      heard: ["host-local status"],
    },
    {
      title: "an IPAM plugin that gives no addresses",
      options: { status: { "host-local": { plugin: plugin("host-local") } } },
      error: { code: 7 },
      heard: [],
    },
  ])("$title", async ({ options, error, heard: wanted }) => {
    const backend = fakeBackend(options);
    await expect(ask(backend)).rejects.toMatchObject(error);
    expect(heard(backend)).toEqual(wanted);
    // What was begun is ended.
    expect(backend.ended).toHaveLength(backend.begun.length);
  });

  test.for(["helperFailed", "missingFeature", "stateUnusable"] as const)(
    "a helper that cannot start (%s) is code 50, with its reason",
    async (kind) => {
      const failing: WithBackend = () =>
        Promise.reject(new CniError(kind, "the helper did not start", { details: "x" }));
      await expect(status(failing, INPUT, new KnownAnswers())).rejects.toMatchObject({
        code: 50,
        message: "the helper did not start",
        details: "x",
      });
    },
  );

  test("what may pass stays what it is", async () => {
    const backend = fakeBackend({ begin: new CniError("tryAgainLater", "busy") });
    await expect(ask(backend)).rejects.toMatchObject({ code: 11 });
  });
});

describe("an executable that the operator allows", () => {
  const notNow = 'echo \'{"code":50,"msg":"not now"}\'; exit 1';
  test.for<{ title: string; types: readonly string[]; body: string; code: number; asked: readonly string[] }>([
    { title: "of the chain is asked", types: ["tuning"], body: "true", code: 0, asked: ["tuning"] },
    {
      title: "of IPAM is asked for the component",
      types: ["host-local"],
      body: "true",
      code: 0,
      asked: ["host-local"],
    },
    { title: "answers for itself", types: ["tuning"], body: notNow, code: 50, asked: ["tuning"] },
    { title: "that is not there is code 50", types: ["tuning"], body: "", code: 50, asked: [] },
  ])("$title", async ({ types, body, code, asked }) => {
    using scripts = createScripts();
    for (const type of body === "" ? [] : types) scripts.script(type, body);
    const gone = Object.fromEntries(types.map((type) => [type, null]));
    const backend = fakeBackend({ status: gone, plugins: { ...PLUGINS, ...gone }, legacy: types });
    const got = await ask(backend, { pluginDirs: [join(scripts.path, "bin")] }).then(
      () => 0,
      (error: { readonly code: number }) => error.code,
    );
    expect(got).toBe(code);
    const begun = backend.legacyCalls.filter(({ outcome }) => outcome === "begun");
    expect(begun.map(({ type }) => type)).toEqual(asked);
    expect(begun.every(({ verb }) => verb === "STATUS")).toBe(true);
  });

  test("of the type that is called is not: it would be found again", async () => {
    const backend = fakeBackend({ status: { tuning: null }, legacy: ["tuning"] });
    const network = { cniVersion: "1.1.0", name: "net", type: "tuning" };
    await expect(ask(backend, { network, type: "tuning", pluginDirs: ["/x"] })).rejects.toMatchObject({ code: 50 });
    expect(backend.order).toEqual([]);
  });
});

describe("an answer that is known", () => {
  const asks = async (options: FakeOptions, changes: readonly object[] = [{}, {}]): Promise<number> => {
    const backend = fakeBackend(options);
    const known = new KnownAnswers();
    for (const change of changes) await ask(backend, change, known).catch(() => undefined);
    return backend.calls.length;
  };
  let generation = 0;
  const changing = (): string => String((generation += 1));
  const ofIpam = (capabilities: readonly string[]): NonNullable<FakeOptions["status"]> => ({
    "host-local": { plugin: plugin("host-local", { exports: ["addresses"], capabilities }) },
  });

  test.for<{ title: string; options: FakeOptions; changes?: readonly object[]; calls: number }>([
    { title: "is not asked for again", options: {}, calls: 1 },
    {
      title: "may be an error",
      options: { guests: { "host-local status": { err: { code: 50, message: "" } } } },
      calls: 1,
    },
    { title: "does not outlive a change of the leases", options: { leases: changing }, calls: 2 },
    {
      title: "does not outlive another configuration",
      options: {},
      changes: [{}, { network: { ...NETWORK, name: "other" } }],
      calls: 2,
    },
    {
      title: "of a plugin that sees no leases outlives them",
      options: { leases: changing, status: ofIpam(["log"]) },
      calls: 1,
    },
    { title: "of a plugin that sees more is never known", options: { status: ofIpam(["leases", "clock"]) }, calls: 2 },
    { title: "is not that a plugin trapped", options: { guests: { "host-local status": { trap: "" } } }, calls: 2 },
  ])("$title", async ({ options, changes, calls }) => {
    expect(await asks(options, changes)).toBe(calls);
  });

  test("needs no operation", async () => {
    const [backend, known] = [fakeBackend(), new KnownAnswers()];
    await ask(backend, {}, known);
    await ask(backend, {}, known);
    expect(backend.begun).toHaveLength(1);
    expect(backend.asked).toHaveLength(2);
  });

  test("makes room for newer ones", () => {
    const known = new KnownAnswers();
    for (let index = 0; index < 300; index++) known.keep({ text: String(index), basis: "1" }, { error: undefined });
    expect(known.find({ text: "0", basis: "1" })).toBeUndefined();
    expect(known.find({ text: "299", basis: "1" })).toMatchObject({ error: undefined });
  });
});
