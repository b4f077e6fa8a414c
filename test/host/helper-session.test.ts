import { describe, expect, test } from "vitest";
import { createHelperSessions, withLivingHelper } from "../../host/helper-session.ts";
import type { HelperClient } from "../../host/helper/client.ts";
import { CniError } from "../../host/spec/error.ts";

/** A client that can be made to die, and what was done with it. */
const fakeClient = (events: string[], name: string) => {
  const { promise: closed, resolve: die } = Promise.withResolvers<CniError>();
  const client: HelperClient = {
    pid: 1,
    request: (async (method: string) => {
      events.push(`${name} asked ${method}`);
      if (name.includes("dying")) {
        die(new CniError("helperFailed", "died"));
        throw new CniError("helperFailed", "died");
      }
      return {};
    }) as HelperClient["request"],
    openChannel: () => Promise.reject(new Error("not asked for")),
    closed,
    stderr: () => "",
    [Symbol.asyncDispose]: async () => {
      events.push(`${name} ended`);
      die(new CniError("helperFailed", "ended"));
    },
  };
  return { client, die: () => die(new CniError("helperFailed", "died")) };
};

const companionOf = (events: string[], name: string): Disposable => ({
  [Symbol.dispose]: () => void events.push(`${name} ended`),
});

const never = (): Promise<HelperClient> => Promise.reject(new CniError("missingFeature", "nothing had to be started"));

describe("the sessions of a host", () => {
  test("start nothing until one is needed, and share it", async () => {
    const events: string[] = [];
    const sessions = createHelperSessions({
      start: async () => {
        events.push("started");
        return fakeClient(events, "helper").client;
      },
      accompany: () => companionOf(events, "pool"),
    });
    expect(events).toEqual([]);
    const [first, second] = await Promise.all([sessions.open(), sessions.open()]);
    expect(first).toBe(second);
    expect(events).toEqual(["started"]);
  });

  test("start another helper after one died, and end the pool of the dead one", async () => {
    const events: string[] = [];
    const fakes = [fakeClient(events, "helper 1"), fakeClient(events, "helper 2")];
    let started = 0;
    const sessions = createHelperSessions({
      start: async () => fakes[started++]?.client ?? never(),
      accompany: () => companionOf(events, `pool ${started}`),
    });
    const first = await sessions.open();
    fakes[0]?.die();
    await first.client.closed;
    await new Promise((resolve) => setImmediate(resolve));
    const second = await sessions.open();
    expect(second.client).not.toBe(first.client);
    expect(events).toContain("pool 1 ended");
    expect(events).not.toContain("pool 2 ended");
  });

  test("give the reason when the helper does not start, and try again with the next call", async () => {
    let attempts = 0;
    const sessions = createHelperSessions({
      start: async () => {
        attempts += 1;
        if (attempts === 1) throw new CniError("stateUnusable", "no");
        return fakeClient([], "helper").client;
      },
      accompany: () => companionOf([], "pool"),
    });
    await expect(sessions.open()).rejects.toMatchObject({ kind: "stateUnusable" });
    await expect(sessions.open()).resolves.toBeDefined();
  });

  test("use a helper that is starting already", async () => {
    const { client } = fakeClient([], "helper");
    const sessions = createHelperSessions({
      start: never,
      accompany: () => companionOf([], "pool"),
      early: Promise.resolve(client),
    });
    expect((await sessions.open()).client).toBe(client);
  });

  test("end pool and helper, and refuse afterwards", async () => {
    const events: string[] = [];
    const sessions = createHelperSessions({
      start: async () => fakeClient(events, "helper").client,
      accompany: () => companionOf(events, "pool"),
    });
    await sessions.open();
    await sessions[Symbol.asyncDispose]();
    expect(events.slice(0, 2)).toEqual(["pool ended", "helper ended"]);
    await expect(sessions.open()).rejects.toMatchObject({ kind: "helperFailed" });
  });

  test("end a helper that was started early and never used", async () => {
    const events: string[] = [];
    const { client } = fakeClient(events, "helper");
    const sessions = createHelperSessions({
      start: never,
      accompany: () => companionOf(events, "pool"),
      early: Promise.resolve(client),
    });
    await sessions[Symbol.asyncDispose]();
    expect(events).toEqual(["helper ended"]);
  });
});

describe("work on the helper of the moment", () => {
  const sessionsOf = (events: string[], names: readonly string[]) => {
    let started = 0;
    return createHelperSessions({
      start: async () => fakeClient(events, names[started++] ?? "unexpected").client,
      accompany: () => companionOf([], "pool"),
    });
  };

  test("is done again on a new one when the helper turns out to be dead at the first request", async () => {
    const events: string[] = [];
    const result = await withLivingHelper(sessionsOf(events, ["dying", "living"]), async ({ client }) => {
      await client.request("hello", {});
      return "done";
    });
    expect(result).toBe("done");
    expect(events.filter((event) => event.includes("asked"))).toEqual(["dying asked hello", "living asked hello"]);
  });

  test("is not done again once the helper has answered", async () => {
    const events: string[] = [];
    let runs = 0;
    const work = withLivingHelper(sessionsOf(events, ["living"]), async ({ client }) => {
      runs += 1;
      await client.request("hello", {});
      throw new CniError("helperFailed", "later");
    });
    await expect(work).rejects.toMatchObject({ message: "later" });
    expect(runs).toBe(1);
  });

  test("is not done again for an error of a living helper", async () => {
    let runs = 0;
    const work = withLivingHelper(sessionsOf([], ["living"]), async () => {
      runs += 1;
      throw new CniError("tryAgainLater", "no");
    });
    await expect(work).rejects.toMatchObject({ kind: "tryAgainLater" });
    expect(runs).toBe(1);
  });
});
