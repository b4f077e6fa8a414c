import { expect, test } from "vitest";
import { OPERATION_FRAME_MAX_BYTES, encodeFrame } from "../../host/helper/frames.ts";
import type { OpenCall } from "../../host/helper/state.ts";
import { settle, start, stateOf } from "./support/session.ts";

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
