import { describe, expect, test } from "vitest";
import { add } from "../../host/operations/add.ts";
import { CniError } from "../../host/spec/error.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { PLUGINS, asksIpam, fakeBackend, heard, input, plugin } from "./fake-backend.ts";
import type { Guest } from "./fake-backend.ts";

describe("the IPAM plugin inside an ADD", () => {
  const one = (ipam: JsonObject | undefined): JsonObject => ({
    cniVersion: "1.0.0",
    name: "net",
    plugins: [ipam === undefined ? { type: "bridge" } : { type: "bridge", ipam }],
  });

  test("its error reaches the caller unchanged", async () => {
    const guests = {
      "bridge add": asksIpam,
      "host-local add": { err: { code: 11, message: "full", details: "of pods" } },
    };
    await expect(add(fakeBackend({ guests }), input())).rejects.toMatchObject({
      code: 11,
      message: "full",
      details: "of pods",
    });
  });

  test.for<{ title: string; guest: Guest; code: number }>([
    { title: "a trap", guest: { trap: "x" }, code: 102 },
    { title: "nonsense", guest: { ok: {} }, code: 102 },
    { title: "a sandbox that does not start", guest: new CniError("componentRejected", "changed"), code: 104 },
    { title: "a fault of ours", guest: new TypeError("x"), code: 102 },
  ])("$title is code $code to the caller", async ({ guest, code }) => {
    const guests = { "bridge add": asksIpam, "host-local add": guest };
    await expect(add(fakeBackend({ guests }), input())).rejects.toMatchObject({ kind: "pluginFailed", code });
  });

  test.for([undefined, {}, { type: "" }])("without a type (%j) it is code 7", async (ipam) => {
    await expect(
      add(fakeBackend({ guests: { "bridge add": asksIpam } }), input({ network: one(ipam) })),
    ).rejects.toMatchObject({ code: 7 });
  });

  test("one that gives no addresses is code 7", async () => {
    const network = one({ type: "tuning" });
    await expect(add(fakeBackend({ guests: { "bridge add": asksIpam } }), input({ network }))).rejects.toMatchObject({
      code: 7,
    });
  });

  test("a plugin without the grant is refused, and no IPAM plugin is called", async () => {
    const plugins = { ...PLUGINS, bridge: plugin("bridge", { capabilities: [] }) };
    const backend = fakeBackend({ plugins, guests: { "bridge add": asksIpam } });
    await expect(add(backend, input())).rejects.toMatchObject({
      code: 101,
      details: 'a grant of "ipam" would allow it',
    });
    expect(heard(backend)).toEqual(["bridge add"]);
  });

  test("an IPAM plugin has no IPAM plugin", async () => {
    const plugins = { ...PLUGINS, "host-local": plugin("host-local", { exports: ["addresses"] }) };
    const asking: Guest = async (ask) => {
      const answered = await ask("add");
      return "err" in answered ? answered : { ok: undefined };
    };
    const guests = { "bridge add": asksIpam, "host-local add": asking };
    await expect(add(fakeBackend({ plugins, guests }), input())).rejects.toMatchObject({ code: 101 });
  });
});
