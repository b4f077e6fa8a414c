import { expect, test } from "vitest";
import { encodeFrame } from "../../host/helper/frames.ts";
import { OperationFailure } from "../../host/helper/operations/operation.ts";
import { settle, start } from "./support/session.ts";

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
