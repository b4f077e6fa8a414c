import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { z } from "zod";
import { tableOf } from "../../host/helper/dispatch.ts";
import { OperationFailure, operation } from "../../host/helper/operations/operation.ts";
import { OPERATION_FRAME_MAX_BYTES, encodeFrame } from "../../host/helper/frames.ts";
import { SandboxSession } from "../../host/helper/sandbox-session.ts";
import type { SwiftSocket } from "../../host/helper/sandboxes/swift-socket.ts";
import type { HelperState, OpenCall } from "../../host/helper/state.ts";

/** The helper's end of a private channel: what is written is kept, what the sandbox says is pushed. */
class Channel extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  send(bytes: Buffer): void {
    this.write(bytes);
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

/** What a session looks at: beginnings that wait for their turn, and calls that are open. */
const stateOf = (): HelperState => ({ beginnings: new Map(), calls: new Map() }) as unknown as HelperState;

interface Fake {
  readonly channel: Channel;
  readonly session: SandboxSession;
  readonly breaches: string[];
  killed: number;
  readonly finish: (value: unknown) => void;
}

function start(state = stateOf()): Fake {
  const channel = new Channel();
  const slow = Promise.withResolvers<unknown>();
  const breaches: string[] = [];
  const table = tableOf([
    {
      name: "masquerade",
      errors: {},
      otherwise: "invalid-argument",
      operations: {
        // Says of its argument whether it succeeds.
        list: operation({ effect: "read", isStarted: true, schema: z.tuple([]), run: () => slow.promise }),
        remove: operation({
          effect: "change",
          schema: z.tuple([z.boolean()]),
          run: (_context, [succeeds]) => {
            if (!succeeds) throw new OperationFailure("conflict");
          },
        }),
      },
    },
    {
      name: "leases",
      errors: {},
      otherwise: "unavailable",
      operations: {
        list: operation({
          effect: "read",
          schema: z.tuple([]),
          run: () => [],
        }),
        release: operation({
          effect: "change",
          schema: z.tuple([]),
          run: () => slow.promise,
        }),
      },
    },
  ]);
  const fake = { killed: 0 };
  const session = new SandboxSession({
    id: "s1",
    digest: "sha256:00",
    grant: {} as never,
    table,
    state,
    process: {
      pid: 0,
      private: channel as unknown as SwiftSocket,
      kill: () => void (fake.killed += 1),
    },
    onBreach: (_session, _call, why) => breaches.push(why),
  });
  session.call = {
    facts: { verb: "ADD" },
    grant: {
      limits: { hostCalls: 10 },
      capabilities: { leases: { subnets: [] }, masquerade: {} },
    },
    ended: false,
    hostCalls: 0,
    counts: new Map(),
    refusals: [],
    timeline: [],
    trace: [],
    asyncKernelMicroseconds: 0,
  } as unknown as OpenCall;
  return Object.assign(fake, { channel, session, breaches, finish: slow.resolve });
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("answers a request", async () => {
  const { channel, breaches } = start();
  channel.push(encodeFrame(["leases.list"]));
  await settle();
  expect(channel.written).toEqual([encodeFrame({ ok: [] })]);
  expect(breaches).toEqual([]);
});

test("answers a request that comes in pieces", async () => {
  const { channel } = start();
  for (const byte of encodeFrame(["leases.list"])) channel.push(Buffer.of(byte));
  await settle();
  expect(channel.written).toEqual([encodeFrame({ ok: [] })]);
});

const header = Buffer.alloc(4);
header.writeUInt32LE(OPERATION_FRAME_MAX_BYTES + 1);

test.for<{ title: string; bytes: Buffer }>([
  { title: "a frame longer than permitted, before its bytes come", bytes: header },
  { title: "a frame that is not JSON", bytes: Buffer.from("\u0002\0\0\0}}") },
  { title: "an empty frame", bytes: Buffer.alloc(4) },
  { title: "an operation that is on every object", bytes: encodeFrame(["toString"]) },
  { title: "two requests at once", bytes: Buffer.concat([encodeFrame(["leases.list"]), encodeFrame(["leases.list"])]) },
])("kills the sandbox for $title, and answers nothing", async ({ bytes }) => {
  const fake = start();
  fake.channel.push(bytes);
  await settle();
  expect(fake.channel.written).toEqual([]);
  expect(fake.killed).toBe(1);
  expect(fake.breaches).toHaveLength(1);
  expect(fake.session.ended).toBe(true);
});

test("kills the sandbox for a request before the answer to the last one", async () => {
  const fake = start();
  fake.channel.push(encodeFrame(["leases.release"]));
  await settle();
  fake.channel.push(encodeFrame(["leases.list"]));
  await settle();
  expect(fake.killed).toBe(1);
  fake.finish(undefined);
  await settle();
  expect(fake.channel.written).toEqual([]);
});

test("has an operation wait for its call, which the host has asked for", async () => {
  const state = stateOf();
  const beginning = Promise.withResolvers<void>();
  const { channel, session, breaches } = start(state);
  const { call } = session;
  session.call = undefined;
  channel.push(encodeFrame(["leases.list"]));
  // The host's request is read in the same turn of the event loop, or was before.
  state.beginnings.set("s1", beginning.promise);
  await settle();
  await settle();
  expect(channel.written).toEqual([]);
  session.call = call;
  beginning.resolve();
  await settle();
  expect(channel.written).toEqual([encodeFrame({ ok: [] })]);
  expect(breaches).toEqual([]);
});

test("has what follows an early IPAM answer wait for the end of the IPAM plugin's call", async () => {
  const state = stateOf();
  const { channel, session } = start(state);
  const over = Promise.withResolvers<void>();
  state.calls.set("nested", { parent: session.call, over } as unknown as OpenCall);
  channel.push(encodeFrame(["after", ["ipam"], ["batch", ["masquerade.remove", true]]]));
  await settle();
  await settle();
  expect(channel.written).toEqual([]);
  over.resolve();
  await settle();
  expect(channel.written).toEqual([encodeFrame({ ok: null })]);
});

const AFTER_START = ["after", ["start"], ["batch", ["masquerade.remove", true]]];

test.for([
  { title: "at once", isTogether: true },
  { title: "later", isTogether: false },
])("does a batch that comes $title after what was started, in order", async ({ isTogether }) => {
  const fake = start();
  const [first, second] = [encodeFrame(["masquerade.list"]), encodeFrame(AFTER_START)];
  for (const chunk of isTogether ? [Buffer.concat([first, second])] : [first, second]) fake.channel.push(chunk);
  await settle();
  await settle();
  expect(fake.channel.written).toEqual([]);
  fake.finish(7);
  await settle();
  await settle();
  expect(fake.channel.written).toEqual([encodeFrame({ ok: 7 }), encodeFrame({ ok: null })]);
  expect(fake.breaches).toEqual([]);
});

test("does not do a batch that comes after what was started and failed", async () => {
  const fake = start();
  fake.finish(Promise.reject(new OperationFailure("limit-reached")));
  fake.channel.push(Buffer.concat([encodeFrame(["masquerade.list"]), encodeFrame(AFTER_START)]));
  await settle();
  await settle();
  const skipped = { index: 0, operation: "masquerade.remove", error: "not-started" };
  expect(fake.channel.written).toEqual([encodeFrame({ err: "limit-reached" }), encodeFrame({ err: skipped })]);
});

test.for([
  { title: "one that does not say so", second: ["leases.list"], third: undefined },
  { title: "two", second: AFTER_START, third: AFTER_START },
])("kills the sandbox for another request after what was started: $title", async ({ second, third }) => {
  const fake = start();
  for (const frame of [["masquerade.list"], second, third])
    if (frame !== undefined) fake.channel.push(encodeFrame(frame));
  await settle();
  await settle();
  expect([fake.killed, fake.channel.written]).toEqual([1, []]);
});

test("kills the sandbox for what is no batch after a start that failed", async () => {
  const fake = start();
  fake.finish(Promise.reject(new OperationFailure("limit-reached")));
  fake.channel.push(
    Buffer.concat([encodeFrame(["masquerade.list"]), encodeFrame(["after", ["start"], ["leases.list"]])]),
  );
  await settle();
  await settle();
  expect(fake.killed).toBe(1);
});

test.for([
  { title: "with nothing after it", frame: ["after", ["ipam"]] },
  { title: "with itself after it", frame: ["after", ["ipam"], ["after", ["ipam"], ["leases.list"]]] },
  { title: "with more after it", frame: ["after", ["ipam"], ["leases.list"], ["leases.list"]] },
  { title: "of a start that was not", frame: ["after", ["start"], ["batch", ["masquerade.remove", true]]] },
])("kills the sandbox for a word of what came before $title", async ({ frame }) => {
  const fake = start();
  fake.channel.push(encodeFrame(frame));
  await settle();
  await settle();
  expect([fake.killed, fake.channel.written]).toEqual([1, []]);
});

test("kills the sandbox for an operation while no call is open, nor asked for", async () => {
  const fake = start();
  fake.session.call = undefined;
  fake.channel.push(encodeFrame(["leases.list"]));
  await settle();
  await settle();
  expect(fake.killed).toBe(1);
  expect(fake.breaches).toEqual([expect.stringContaining("while no call is open")]);
});

test("kills the sandbox when its channel ends, which is no breach", async () => {
  const fake = start();
  fake.channel.destroy();
  await settle();
  expect(fake.killed).toBe(1);
  expect(fake.breaches).toEqual([]);
});

const YES = ["masquerade.remove", true];
const NO = ["masquerade.remove", false];

test.for<{ title: string; requests: readonly unknown[]; answer: unknown; done: number }>([
  { title: "nothing", requests: [], answer: { ok: null }, done: 0 },
  { title: "what succeeds", requests: [YES, YES], answer: { ok: null }, done: 2 },
  {
    title: "what does not, and nothing after it",
    requests: [YES, NO, YES],
    answer: { err: { index: 1, operation: "masquerade.remove", error: "conflict" } },
    done: 2,
  },
])("does several operations in one frame in order: $title", async ({ requests, answer, done }) => {
  const { channel, breaches, session } = start();
  channel.push(encodeFrame(["batch", ...requests]));
  await settle();
  expect(channel.written).toEqual([encodeFrame(answer)]);
  expect(breaches).toEqual([]);
  expect(session.call?.timeline).toHaveLength(done);
  expect(session.call?.hostCalls).toBe(done);
});

test.for<{ title: string; requests: readonly unknown[] }>([
  { title: "one whose answer has a value", requests: [YES, ["leases.list"]] },
  { title: "one that does not exist", requests: [YES, ["leases.steal"]] },
  { title: "several in one", requests: [["batch", YES]] },
  { title: "what is no request", requests: [YES, 7] },
  { title: "wrong arguments", requests: [["masquerade.remove", 1]] },
  { title: "more than the grant permits", requests: Array.from({ length: 11 }, () => YES) },
])("kills the sandbox for several operations with $title among them", async ({ requests }) => {
  const fake = start();
  fake.channel.push(encodeFrame(["batch", ...requests]));
  await settle();
  expect(fake.channel.written).toEqual([]);
  expect(fake.killed).toBe(1);
  expect(fake.breaches).toHaveLength(1);
});
