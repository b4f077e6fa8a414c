import { describe, expect, test, vi } from "vitest";
import { createBackend } from "../../host/backend.ts";
import type { InstalledPlugin } from "../../host/helper/protocol.ts";
import { CniError } from "../../host/spec/error.ts";
import { ADD, END, IPAM, MAIN, PLUGINS, call, fakeParts, named, namesIn, plugin } from "./fake-parts.ts";

describe("calls that are begun ahead", () => {
  const idle = ["bridge", "host-local"];

  test("are sent with the operation, and run at once; they are not begun again", async () => {
    const { asked, parts } = fakeParts({ idle });
    const backend = createBackend(parts);
    const begun = await backend.begin(ADD, [MAIN, IPAM]);
    expect(begun.ahead).toEqual([MAIN, IPAM]);
    expect(namesIn(asked)).toEqual([
      "begin-operation",
      "begin-call",
      "begin-call",
      "sandbox",
      "sandbox",
      "begin-operation answered",
      "warm",
    ]);
    expect(asked.slice(1, 3)).toMatchObject([
      ["begin-call", { callId: "call-1", sandboxId: "idle-bridge", parentCallId: undefined }],
      ["begin-call", { callId: "call-2", sandboxId: "idle-host-local", parentCallId: "call-1" }],
    ]);
    asked.length = 0;
    await backend.call(call());
    expect(namesIn(asked).filter((name) => !String(name).endsWith("answered"))).toEqual(["ipam", "end-call"]);
  });

  test.for([
    { why: "no sandbox is idle", idle: [], sent: [] },
    { why: "the caller's is not", idle: ["host-local"], sent: [] },
    { why: "only the caller's is", idle: ["bridge"], sent: ["call-1"] },
  ])("are not sent where $why", async ({ idle: some, sent }) => {
    const { asked, parts } = fakeParts({ idle: some });
    const begun = await createBackend(parts).begin(ADD, [MAIN, IPAM]);
    expect(begun.ahead.map(({ callId }) => callId)).toEqual(sent);
    expect(namesIn(asked).filter((name) => name === "begin-call")).toHaveLength(sent.length);
  });

  test("that the helper refused are told where they are made, and their sandboxes killed", async () => {
    const answers = { "begin-call": new CniError("notPermitted", "another component") };
    const { asked, parts } = fakeParts({ idle, answers });
    const backend = createBackend(parts);
    expect((await backend.begin(ADD, [MAIN])).ahead).toEqual([MAIN]);
    await expect(backend.call(call())).rejects.toMatchObject({ kind: "notPermitted" });
    expect(namesIn(asked).slice(-2)).toEqual(["kill", "give back"]);
  });

  test("the error of the operation wins over theirs, and their sandboxes go back", async () => {
    const answers = {
      "begin-operation": new CniError("tryAgainLater", "locked"),
      "begin-call": new CniError("helperFailed", "no operation"),
    };
    const { asked, parts } = fakeParts({ idle, answers });
    await expect(createBackend(parts).begin(ADD, [MAIN, IPAM])).rejects.toMatchObject({ kind: "tryAgainLater" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(named(asked, "give back")).toEqual([
      ["give back", "idle-bridge"],
      ["give back", "idle-host-local"],
    ]);
  });

  test.for<{
    why: string;
    answers: Readonly<Record<string, unknown>>;
  }>([
    {
      why: "the plugin has other limits by now",
      answers: changed({ bridge: plugin("bridge", { limits: { ...plugin("").limits, deadlineMs: 2 } }) }),
    },
    {
      why: "only the IPAM plugin is another one",
      answers: changed({ "host-local": plugin("host-local", { version: "2" }) }),
    },
    { why: "the IPAM plugin is gone", answers: changed({ "host-local": null }) },
  ])("are undone with their operation where $why, and another one is begun", async ({ answers }) => {
    const { asked, parts } = fakeParts({ idle, answers });
    const backend = createBackend(parts);
    const begun = await backend.begin(ADD, [MAIN, IPAM]);
    await vi.waitFor(() => expect(named(asked, "give back")).toHaveLength(2));
    expect(begun.ahead).toEqual([]);
    expect(named(asked, "end-call")).toMatchObject(
      ["call-1", "call-2"].map((callId) => ["end-call", { callId, outcome: "killed", addresses: [] }]),
    );
    expect(named(asked, "give back")).toHaveLength(2);
    expect(named(asked, "kill")).toHaveLength(2);
    expect(named(asked, "end-operation")).toMatchObject([["end-operation", { operationId: "op-1", outcome: "error" }]]);
    expect(named(asked, "begin-operation")).toMatchObject([
      ["begin-operation", { operationId: "op-1" }],
      ["begin-operation", { operationId: begun.operationId }],
    ]);
    expect(begun.operationId).not.toBe("op-1");
    expect(namesIn(asked).indexOf("end-operation answered")).toBeLessThan(
      namesIn(asked).lastIndexOf("begin-operation"),
    );
  });

  test("that are never made are killed before their operation ends", async () => {
    const { asked, parts } = fakeParts({ idle });
    const backend = createBackend(parts);
    await backend.begin(ADD, [MAIN, IPAM]);
    asked.length = 0;
    await backend.end({ ...END, outcome: "error" });
    expect(namesIn(asked).slice(0, 3)).toEqual(["kill", "kill", "end-operation"]);
    await vi.waitFor(() => expect(named(asked, "give back")).toHaveLength(2));
    expect(named(asked, "end-call")).toHaveLength(2);
  });

  test("are not made, but ended with their operation, where the caller ended it", async () => {
    const { asked, parts } = fakeParts({ idle });
    const backend = createBackend(parts);
    await backend.begin(ADD, [MAIN]);
    await expect(backend.call({ ...call(), signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: "tryAgainLater",
    });
    await backend.end({ ...END, outcome: "error" });
    await vi.waitFor(() => expect(namesIn(asked)).toContain("end-call"));
    expect(namesIn(asked)).toContain("kill");
    expect(namesIn(asked)).not.toContain("ipam");
  });
});

function changed(plugins: Readonly<Record<string, InstalledPlugin | null>>): Readonly<Record<string, unknown>> {
  return { "begin-operation": { plugins: { ...PLUGINS, ...plugins }, attachment: null, namespacePresent: true } };
}
