import { describe, expect, test } from "vitest";
import { add } from "../../host/operations/add.ts";
import { del } from "../../host/operations/del.ts";
import { CniError } from "../../host/spec/error.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { LIST, PLUGINS, RESULT, asksIpam, fakeBackend, heard, input, plugin } from "./fake-backend.ts";
import type { FakeOptions, Guest } from "./fake-backend.ts";

const early = plugin("host-local", { exports: ["addresses"], capabilities: ["leases"], early: true });
const plugins = { ...PLUGINS, "host-local": early };

describe("an IPAM plugin that may run early", () => {
  test("runs as soon as its caller does, once, and its addresses widen the caller's scope", async () => {
    const backend = fakeBackend({ plugins, guests: { "bridge add": afterAWhile(asksIpam) } });
    await add(backend, input());
    expect(backend.order.slice(0, 5)).toEqual([
      "begin",
      "run bridge add",
      "run host-local add",
      "close host-local add",
      "close bridge add",
    ]);
    expect(heard(backend)).toEqual(["bridge add", "host-local add", "tuning add"]);
    expect(backend.calls[1]?.parentCallId).toBe(backend.calls[0]?.callId);
    expect(backend.endings[0]).toEqual([
      "host-local add",
      { outcome: "ok", addresses: ["10.1.0.7/24"], error: undefined },
    ]);
  });

  test("runs once more when it is asked once more, and for other verbs", async () => {
    const asking: Guest = async (ask) => {
      await ask("add");
      await ask("check");
      await ask("add");
      return { ok: RESULT };
    };
    const backend = fakeBackend({ plugins, guests: { "bridge add": asking } });
    await add(backend, input());
    expect(heard(backend)).toEqual([
      "bridge add",
      "host-local add",
      "host-local check",
      "host-local add",
      "tuning add",
    ]);
  });

  test("gives back what nobody asked for, before its caller's call ends", async () => {
    const backend = fakeBackend({ plugins });
    await add(backend, input());
    expect(heard(backend)).toEqual(["bridge add", "host-local add", "host-local del", "tuning add"]);
    expect(backend.order.indexOf("close host-local del")).toBeLessThan(backend.order.indexOf("close bridge add"));
  });

  test("is ended before its caller's call, which failed; its addresses are undone with the verb", async () => {
    const guests = {
      "bridge add": { err: { code: 5, message: "no" } },
      "host-local add": afterAWhile(async () => ({ ok: { ips: [], routes: [] } })),
    };
    const backend = fakeBackend({ plugins, guests });
    await expect(add(backend, input())).rejects.toMatchObject({ code: 5 });
    expect(heard(backend)).toEqual(["bridge add", "host-local add"]);
    expect(backend.order.slice(-3)).toEqual(["close host-local add", "close bridge add", "end"]);
  });

  test.for<{ why: string; guest: Guest; code: number }>([
    { why: "its error", guest: { err: { code: 11, message: "full" } }, code: 11 },
    { why: "a trap", guest: { trap: "x" }, code: 102 },
    { why: "a call that cannot be made", guest: new CniError("notPermitted", "no"), code: 101 },
  ])("is told to who asks: $why", async ({ guest, code }) => {
    const backend = fakeBackend({ plugins, guests: { "bridge add": asksIpam, "host-local add": guest } });
    await expect(add(backend, input())).rejects.toMatchObject({ code });
  });

  test("its failure is nobody's who does not ask", async () => {
    const backend = fakeBackend({ plugins, guests: { "host-local add": { err: { code: 11, message: "full" } } } });
    await add(backend, input());
    expect(heard(backend)).toEqual(["bridge add", "host-local add", "tuning add"]);
  });

  test.for<{ why: string; options: FakeOptions; network?: JsonObject }>([
    { why: "its manifest does not say so", options: { plugins: PLUGINS } },
    {
      why: "it gives no addresses",
      options: { plugins: { ...plugins, "host-local": { ...early, exports: ["attachment"] } } },
    },
    {
      why: "the caller is not granted it",
      options: { plugins: { ...plugins, bridge: plugin("bridge", { capabilities: [] }) } },
    },
    {
      why: "none is configured",
      options: { plugins },
      network: { cniVersion: "1.0.0", name: "net", plugins: [{ type: "bridge" }] },
    },
  ])("is not run where $why", async ({ options, network = LIST }) => {
    const backend = fakeBackend(options);
    await add(backend, input({ network }));
    expect(heard(backend)).not.toContain("host-local add");
  });

  test("waits on DEL until it is asked", async () => {
    const backend = fakeBackend({ plugins });
    await del(backend, input());
    expect(heard(backend)).toEqual(["tuning del", "bridge del"]);
  });
});

/** A guest that works before it does what another does. */
function afterAWhile(guest: Guest): Guest {
  return async (ask) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (guest instanceof Error) throw guest;
    return typeof guest === "function" ? guest(ask) : guest;
  };
}
