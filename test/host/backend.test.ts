import { describe, expect, test } from "vitest";
import { createBackend } from "../../host/backend.ts";
import { CniError } from "../../host/spec/error.ts";
import { ADD, END, PLUGINS, call, fakeParts, named, namesIn, plugin } from "./fake-parts.ts";

/** A number of 31 bits that is not 0. */
const HANDLE = expect.toSatisfy((handle: number) => handle > 0 && handle < 2 ** 31) as unknown as number;

describe("the backend", () => {
  test("begins an operation, and starts the sandboxes of later plugins meanwhile; what is wrong with them waits", async () => {
    const { asked, parts } = fakeParts();
    const begun = await createBackend(parts).begin(ADD, []);
    expect(begun).toMatchObject({ plugins: PLUGINS, ahead: [] });
    expect(asked).toEqual([["begin-operation", ADD], ["begin-operation answered"], ["warm", "host-local"]]);
  });

  test("begins a call with its sandbox, makes it with the handle that it told the helper, and has it ended with the judgement", async () => {
    const { asked, parts } = fakeParts();
    const ended = await createBackend(parts).call(call());
    expect(asked.filter((entry) => !String((entry as readonly unknown[])[0]).endsWith("answered"))).toMatchObject([
      ["lend", { nested: false }],
      [
        "begin-call",
        {
          operationId: "op-1",
          callId: "call-1",
          sandboxId: "sb-1",
          type: "bridge",
          export: "attachment",
          containerHandle: HANDLE,
          configuration: '{"a":1}',
        },
      ],
      ["sandbox", { type: "call", callId: "call-1", verb: "add", containerHandle: HANDLE, isIpamAhead: false }],
      ["ipam", { ok: "add" }],
      [
        "end-call",
        { callId: "call-1", outcome: "ok", addresses: ["10.0.0.1/24"], log: [{ level: "info", message: "hello" }] },
      ],
    ]);
    expect(ended).toMatchObject({
      outcome: { ok: 7 },
      phasesMicroseconds: { sandbox: 2, instantiate: 3, guest: 5, call: 9 },
    });
    expect(await ended.closed).toMatchObject({ refusals: ["no"] });
  });

  test("does not wait for the call's end to end the operation; gives the sandbox back when the helper knows", async () => {
    const { asked, parts } = fakeParts();
    const backend = createBackend(parts);
    await backend.call(call());
    await backend.end(END);
    expect(namesIn(asked).slice(-5)).toEqual([
      "end-call",
      "end-operation",
      "end-call answered",
      "give back",
      "end-operation answered",
    ]);
  });

  test("a call that could not be ended is told to who waits for it, and gives its sandbox back", async () => {
    const { asked, parts } = fakeParts({ answers: { "end-call": new CniError("stateUnusable", "full") } });
    const { closed } = await createBackend(parts).call(call());
    await expect(closed).rejects.toMatchObject({ kind: "stateUnusable" });
    expect(asked.at(-1)).toEqual(["give back", "sb-1"]);
  });

  test("a call that could not be begun has its sandbox killed, and gives it back", async () => {
    const { asked, parts } = fakeParts({ answers: { "begin-call": new CniError("notPermitted", "no") } });
    await expect(createBackend(parts).call(call())).rejects.toMatchObject({ kind: "notPermitted" });
    expect(namesIn(asked)).toContain("kill");
    expect(asked.at(-1)).toEqual(["give back", "sb-1"]);
  });

  test("has the sandbox killed when the caller ends the call, also while it is begun; calls no plugin afterwards", async () => {
    const { asked, parts } = fakeParts();
    const caller = new AbortController();
    const ended = createBackend(parts).call({ ...call(), signal: caller.signal });
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    caller.abort();
    await ended;
    expect(namesIn(asked)).toEqual([
      "lend",
      "begin-call",
      "kill",
      "sandbox",
      "ipam",
      "begin-call answered",
      "end-call",
    ]);
    await expect(createBackend(parts).call({ ...call(), signal: caller.signal })).rejects.toMatchObject({ code: 11 });
  });

  test("gives a handle to those exports alone that have one", async () => {
    const { asked, parts } = fakeParts();
    await createBackend(parts).call({ ...call(), export: "addresses" });
    expect(named(asked, "begin-call")).toMatchObject([["begin-call", { containerHandle: 0 }]]);
  });

  test("says to the sandbox that the answer of an early IPAM plugin comes unasked, and hands it over", async () => {
    const { asked, parts } = fakeParts();
    const onRun = (give: (answer: { ok: unknown }) => void): void => give({ ok: "addresses" });
    await createBackend(parts).call({ ...call(), earlyIpam: plugin("host-local"), onRun });
    expect(named(asked, "sandbox")).toMatchObject([["sandbox", { isIpamAhead: true }]]);
    expect(named(asked, "give")).toEqual([["give", { ok: "addresses" }]]);
  });

  test("tells the pool that another call waits for an IPAM call", async () => {
    const { asked, parts } = fakeParts();
    await createBackend(parts).call(call("call-0"));
    expect(asked[0]).toEqual(["lend", { nested: true }]);
  });
});

describe("what the backend remembers", () => {
  test("is what ADD was made with, and nothing of what is not installed", async () => {
    const { parts } = fakeParts();
    parts.remembered.set("absent", plugin("absent"));
    const backend = createBackend(parts);
    await backend.begin({ ...ADD, verb: "DEL" }, []);
    expect(backend.remembered("bridge")).toBeUndefined();
    await backend.begin(ADD, []);
    expect(["bridge", "absent", "toString"].map((type) => backend.remembered(type))).toEqual([
      PLUGINS.bridge,
      undefined,
      undefined,
    ]);
  });
});
