import { describe, expect, test } from "vitest";
import { add } from "../../host/operations/add.ts";
import { check } from "../../host/operations/check.ts";
import { del } from "../../host/operations/del.ts";
import type { InvocationInput } from "../../host/operations/invocation.ts";
import { CniError } from "../../host/spec/error.ts";
import { ATTACHMENT, LIST, PLUGINS, asksIpam, fakeBackend, input, plugin } from "./fake-backend.ts";

const early = plugin("host-local", { exports: ["addresses"], capabilities: ["leases"], early: true });
const plugins = { ...PLUGINS, "host-local": early };

describe("the calls that ADD begins with itself", () => {
  const typesAhead = async (
    remembered: typeof plugins | Record<string, never>,
    change: Partial<InvocationInput> = {},
  ) => {
    const backend = fakeBackend({ plugins, remembered });
    await add(backend, input(change)).catch(() => undefined);
    return backend.ahead.map((call) => call.plugin.type);
  };

  test("are the first plugin's and its early IPAM plugin's, and none of plugins that are not known", async () => {
    expect(await typesAhead(plugins)).toEqual(["bridge", "host-local"]);
    expect(await typesAhead({})).toEqual([]);
    expect(await typesAhead({ "host-local": early } as unknown as typeof plugins)).toEqual([]);
    expect(await typesAhead({ ...plugins, "host-local": { ...early, early: false } })).toEqual(["bridge"]);
    // They would have run before it turns out that another one cannot be.
    expect(await typesAhead({ ...plugins, tuning: undefined } as unknown as typeof plugins)).toEqual([]);
    const old = plugin("tuning", { cniVersions: ["0.4.0"] });
    expect(await typesAhead({ ...plugins, tuning: old } as typeof plugins)).toEqual([]);
  });

  test("have the result that the first plugin is given", async () => {
    const network = { ...LIST, plugins: [{ type: "tuning", prevResult: { cniVersion: "1.0.0", ips: [] } }] };
    const backend = fakeBackend({ plugins, remembered: plugins, ahead: ["tuning"] });
    await add(backend, input({ network }));
    expect(backend.ahead).toMatchObject([{ plugin: { type: "tuning" }, request: { previousResult: { ips: [] } } }]);
    expect(backend.calls).toMatchObject(backend.ahead);
  });

  test("are none where the first plugin is given a broken result, or what is asked is wrong", async () => {
    const network = { ...LIST, plugins: [{ type: "bridge", prevResult: { cniVersion: "1.0.0", ips: 1 } }] };
    expect(await typesAhead(plugins, { network })).toEqual([]);
    const wrong = { ...LIST, plugins: [{ type: "bridge", capabilities: { mac: true } }] };
    expect(await typesAhead(plugins, { network: wrong, runtimeConfig: { mac: 7 } })).toEqual([]);
  });

  test("are the very calls that are made", async () => {
    const backend = fakeBackend({
      plugins,
      remembered: plugins,
      ahead: ["bridge", "host-local"],
      guests: { "bridge add": asksIpam },
    });
    await add(backend, input());
    const [bridge, hostLocal, tuning] = backend.calls;
    expect([bridge, hostLocal]).toMatchObject(backend.ahead);
    expect(hostLocal?.parentCallId).toBe(bridge?.callId);
    expect(backend.ahead.map(({ callId }) => callId)).not.toContain(tuning?.callId);
    expect(new Set(backend.calls.map(({ callId }) => callId)).size).toBe(3);
  });

  test("are made under other ids where they were not begun", async () => {
    const backend = fakeBackend({
      plugins,
      remembered: plugins,
      ahead: ["bridge"],
      guests: { "bridge add": asksIpam },
    });
    await add(backend, input());
    expect(backend.calls[0]?.callId).toBe(backend.ahead[0]?.callId);
    expect(backend.calls[1]?.callId).not.toBe(backend.ahead[1]?.callId);
  });
});

describe("the end of a verb", () => {
  test.for([
    { verb: add, name: "add", calls: ["bridge add", "tuning add"] },
    { verb: check, name: "check", calls: ["bridge check", "tuning check"] },
    { verb: del, name: "del", calls: ["tuning del", "bridge del"] },
  ])(
    "of $name does not wait for the end of its last call; what that did is reported all the same",
    async ({ verb, calls }) => {
      const backend = fakeBackend({ attachment: ATTACHMENT });
      const outcome = await verb(backend, input());
      expect(backend.order).toEqual(["begin", ...calls.flatMap((call) => [`run ${call}`, `close ${call}`]), "end"]);
      expect(reportIn(outcome)).toHaveLength(2);
    },
  );

  test.for([
    { verb: add, name: "add", call: "tuning add" },
    { verb: check, name: "check", call: "tuning check" },
    { verb: del, name: "del", call: "bridge del" },
  ])("of $name fails with why its last call could not be ended", async ({ verb, call }) => {
    const closing = { [call]: new CniError("stateUnusable", "the disk is full") };
    const backend = fakeBackend({ attachment: ATTACHMENT, closing, end: new CniError("helperFailed", "undone") });
    await expect(verb(backend, input())).rejects.toMatchObject({ kind: "stateUnusable" });
    expect(backend.ended).toHaveLength(1);
  });

  test("why an earlier call could not be ended wins over what failed since", async () => {
    const closing = { "bridge add": new CniError("stateUnusable", "the disk is full") };
    const backend = fakeBackend({ closing, guests: { "tuning add": { trap: "killed" } } });
    await expect(add(backend, input())).rejects.toMatchObject({ kind: "stateUnusable" });
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("a last plugin that failed is ended first: why it could not be wins over its own error", async () => {
    const closing = { "tuning add": new CniError("stateUnusable", "the disk is full") };
    const backend = fakeBackend({ closing, guests: { "tuning add": { trap: "killed" } } });
    await expect(add(backend, input())).rejects.toMatchObject({ kind: "stateUnusable" });
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });
});

function reportIn(outcome: unknown): unknown {
  const { report, calls } = outcome as { readonly report?: { readonly calls: unknown }; readonly calls?: unknown };
  return report?.calls ?? calls;
}
