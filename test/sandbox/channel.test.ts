import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeFrame } from "../../host/helper/frames.ts";
import { BlockingChannel, ChannelClosed } from "../../host/sandbox/channel.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-channel-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads from a file as from the other side: its end is the other side's end. */
function channelOver(bytes: Buffer, maxBytes = 1024): { readonly channel: BlockingChannel } & Disposable {
  const path = join(folder, "in");
  writeFileSync(path, bytes);
  const descriptor = openSync(path, "r");
  return { channel: new BlockingChannel(descriptor, maxBytes), [Symbol.dispose]: () => closeSync(descriptor) };
}

test("reads frames and the unframed bytes between them", () => {
  const blob = Buffer.alloc(300_000, 7);
  using over = channelOver(Buffer.concat([encodeFrame({ a: 1 }), blob, encodeFrame("ü"), encodeFrame([])]));
  expect(over.channel.readFrame()).toEqual({ a: 1 });
  expect(over.channel.readBytes(blob.byteLength).equals(blob)).toBe(true);
  expect(over.channel.readFrame()).toBe("ü");
  expect(over.channel.readFrame()).toEqual([]);
  expect(() => over.channel.readFrame()).toThrow(expect.objectContaining({ isEnd: true }));
});

test("ends at every truncation", () => {
  const frame = encodeFrame({ type: "call" });
  for (let length = 0; length < frame.byteLength; length += 1) {
    using over = channelOver(frame.subarray(0, length));
    expect(() => over.channel.readFrame()).toThrow(ChannelClosed);
  }
});

test("refuses a frame that is too long before it reads it", () => {
  using over = channelOver(encodeFrame("x".repeat(100)), 50);
  expect(() => over.channel.readFrame()).toThrow(expect.objectContaining({ isEnd: false }));
});

test("writes frames, and nothing of one that is too long", () => {
  const path = join(folder, "out");
  const descriptor = openSync(path, "w");
  const channel = new BlockingChannel(descriptor, 20);
  channel.writeFrame({ a: 1 });
  expect(() => channel.writeFrame("x".repeat(100))).toThrow(ChannelClosed);
  closeSync(descriptor);
  expect(readFileSync(path).equals(encodeFrame({ a: 1 }))).toBe(true);
});
