import { describe, expect, test } from "vitest";
import { del } from "../../host/operations/del.ts";
import { CniError } from "../../host/spec/error.ts";
import { ATTACHMENT, LIST, PLUGINS, fakeBackend, heard, input } from "./fake-backend.ts";
import type { Guest } from "./fake-backend.ts";

const asksIpam: Guest = async (ask) => {
  const answered = await ask("del");
  return "err" in answered ? answered : {};
};

describe("DEL", () => {
  test("calls the plugins in reverse, each with the result of ADD", async () => {
    const backend = fakeBackend({ attachment: ATTACHMENT, guests: { "bridge del": asksIpam } });
    await del(backend, input());
    expect(heard(backend)).toEqual(["tuning del", "bridge del", "host-local del"]);
    expect(backend.calls.map((call) => call.previousResult)).toEqual(Array(3).fill(ATTACHMENT.result));
    expect(backend.ended).toMatchObject([{ outcome: "ok" }]);
  });

  test("a plugin that loses its sandbox is called once more, as another call", async () => {
    const backend = fakeBackend({ attachment: ATTACHMENT, losing: ["tuning del"] });
    await del(backend, input());
    expect(heard(backend)).toEqual(["tuning del", "tuning del", "bridge del"]);
    expect(new Set(backend.calls.map(({ callId }) => callId)).size).toBe(3);
    expect(backend.ended).toMatchObject([{ outcome: "ok" }]);
  });

  test("twice, and without a namespace, succeeds", async () => {
    const backend = fakeBackend();
    const report = await del(backend, input({ netns: "" }));
    expect(backend.calls.map((call) => call.request)).toMatchObject([{ netns: "" }, { netns: "" }]);
    expect(report.sweepMicroseconds).toBe(2);
  });

  test("below 0.4.0 there is no previous result", async () => {
    const backend = fakeBackend({ attachment: ATTACHMENT });
    await del(backend, input({ network: { ...LIST, cniVersion: "0.3.1" } }));
    expect(backend.calls.map((call) => call.previousResult)).toEqual([undefined, undefined]);
  });

  test("the cached result is converted to the configuration's version", async () => {
    const backend = fakeBackend({ attachment: ATTACHMENT });
    await del(backend, input({ network: { ...LIST, cniVersion: "0.4.0" } }));
    expect(JSON.parse(backend.calls[0]?.previousResult ?? "")).toMatchObject({
      cniVersion: "0.4.0",
      ips: [{ version: "4" }],
    });
  });

  test.for(["{", "[]", '{"ips":1}', '{"cniVersion":"v1"}'])(
    "a broken cached result %j is as good as none",
    async (result) => {
      const backend = fakeBackend({ attachment: { ...ATTACHMENT, result } });
      await del(backend, input());
      expect(backend.calls.map((call) => call.previousResult)).toEqual([undefined, undefined]);
    },
  );

  test("a broken result that the runtime brought is passed over for the cached one", async () => {
    const network = { cniVersion: "1.0.0", name: "net", type: "bridge", prevResult: { ips: 1 } };
    const backend = fakeBackend({ attachment: ATTACHMENT });
    await del(backend, input({ network }));
    expect(backend.calls[0]?.previousResult).toBe(ATTACHMENT.result);
  });

  test("goes on after a failure, sweeps, keeps the record, and throws the first error with the others", async () => {
    const guests = { "tuning del": { err: { code: 120, message: "one" } }, "bridge del": { trap: "two" } };
    const backend = fakeBackend({ attachment: ATTACHMENT, guests, end: ["lease"] });
    await expect(del(backend, input())).rejects.toMatchObject({
      code: 120,
      message: "one",
      details: 'also: plugin "bridge" trapped on del\nnot removed: lease',
    });
    expect(heard(backend)).toEqual(["tuning del", "bridge del"]);
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("what could not be removed is an error", async () => {
    await expect(del(fakeBackend({ end: ["link veth0: EBUSY"] }), input())).rejects.toMatchObject({
      kind: "helperFailed",
      details: "not removed: link veth0: EBUSY",
    });
  });

  test("an end that fails is an error", async () => {
    await expect(del(fakeBackend({ end: new CniError("helperFailed", "gone") }), input())).rejects.toMatchObject({
      message: "gone",
    });
  });
});

describe("DEL without a plugin", () => {
  const plugins = { ...PLUGINS, tuning: null };

  test("succeeds when the attachment is on record: the rest is called, the helper sweeps", async () => {
    const backend = fakeBackend({ plugins, attachment: ATTACHMENT });
    await del(backend, input());
    expect(heard(backend)).toEqual(["bridge del"]);
    expect(backend.ended).toMatchObject([{ outcome: "ok" }]);
  });

  test("fails when nothing is on record, after the others and the sweep", async () => {
    const backend = fakeBackend({ plugins });
    await expect(del(backend, input())).rejects.toMatchObject({
      kind: "unknownPlugin",
      details: "install it with: cnidaria install tuning",
    });
    expect(heard(backend)).toEqual(["bridge del"]);
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("of IPAM succeeds when the attachment is on record", async () => {
    const backend = fakeBackend({
      plugins: { ...PLUGINS, "host-local": null },
      attachment: ATTACHMENT,
      guests: { "bridge del": asksIpam },
    });
    await del(backend, input());
    expect(backend.ended).toMatchObject([{ outcome: "ok" }]);
  });

  test("of IPAM fails when nothing is on record", async () => {
    const backend = fakeBackend({ plugins: { ...PLUGINS, "host-local": null }, guests: { "bridge del": asksIpam } });
    await expect(del(backend, input())).rejects.toMatchObject({ code: 100 });
  });

  test.for(["componentRejected", "notPermitted"] as const)(
    "that cannot be run (%s) counts as not there",
    async (kind) => {
      const guests = { "tuning del": new CniError(kind, "x") };
      await del(fakeBackend({ guests, attachment: ATTACHMENT }), input());
      await expect(del(fakeBackend({ guests }), input())).rejects.toMatchObject({ kind });
    },
  );
});
