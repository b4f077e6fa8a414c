import fc from "fast-check";
import { expect, test } from "vitest";
import {
  HEADER_BYTES,
  readAcknowledgement,
  readAttributes,
  readMessage,
  readMessages,
  readText,
  readU32,
} from "../../../host/kernel/netlink/codec.ts";
import { MessageWriter } from "../../../host/kernel/netlink/writer.ts";
import { bytesOf, IPV4_ROUTES, IPV6_ADDRESSES, MTU_TOO_LARGE, NO_SUCH_LINK, VETH_LINK } from "./captures.ts";

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const attributes = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 })), {
  selector: ([type]) => type,
  maxLength: 12,
});

test("reads back every message that it writes", () => {
  fc.assert(
    fc.property(u16, u16, u32, attributes, (type, flags, sequence, values) => {
      const writer = new MessageWriter().begin({ type, flags, sequence });
      for (const [attribute, value] of values) writer.attribute(attribute, value);
      const message = readMessage(writer.finish(), 0);
      expect(message).toMatchObject({ type, flags, sequence, portId: 0 });
      const read = readAttributes(message?.payload ?? Buffer.alloc(0));
      expect(read?.size).toBe(values.length);
      for (const [attribute, value] of values) expect(read?.get(attribute)).toEqual(Buffer.from(value));
    }),
  );
});

test("reads back numbers, text and what is nested", () => {
  const writer = new MessageWriter().begin({ type: 16, flags: 1, sequence: 7 });
  writer.nested(18, (outer) =>
    outer.attributeText(1, "veth").nested(2, (inner) => inner.attributeU32(3, 0xdeadbeef).attributeU8(4, 200)),
  );
  const outer = readAttributes(
    readAttributes(readMessage(writer.finish(), 0)?.payload ?? Buffer.alloc(0))?.get(18) ?? Buffer.alloc(0),
  );
  const inner = readAttributes(outer?.get(2) ?? Buffer.alloc(0));
  expect(readText(outer?.get(1))).toBe("veth");
  expect(readU32(inner?.get(3))).toBe(0xdeadbeef);
  expect(inner?.get(4)).toEqual(Buffer.from([200]));
});

test("ends no text with what the kernel would not read", () => {
  const writer = new MessageWriter().begin({ type: 16, flags: 1, sequence: 7 });
  expect(() => writer.attributeText(3, "eth0\0x")).toThrow(expect.objectContaining({ errno: "EINVAL" }));
});

test("refuses a request that outgrows its buffer", () => {
  const writer = new MessageWriter().begin({ type: 16, flags: 1, sequence: 7 });
  expect(() => writer.attribute(3, new Uint8Array(5000))).toThrow(expect.objectContaining({ errno: "EMSGSIZE" }));
});

test("reads a truncated message as none, at every length", () => {
  const whole = bytesOf(VETH_LINK);
  for (let length = 0; length < whole.length; length += 1)
    expect(readMessage(whole.subarray(0, length), 0)).toBeUndefined();
  expect(readMessage(whole, 0)?.payload.length).toBe(whole.length - HEADER_BYTES);
});

test("reads a truncated datagram of several messages as none, unless it ends between two", () => {
  const whole = bytesOf(IPV4_ROUTES);
  const ends = [0, 0x60, 0x60 + 0x3c, whole.length];
  for (let length = 0; length <= whole.length; length += 1) {
    expect(readMessages(whole.subarray(0, length))?.length).toBe(
      ends.includes(length) ? ends.indexOf(length) : undefined,
    );
  }
});

test("reads truncated attributes as none, unless they end between two", () => {
  const payload = readMessage(bytesOf(IPV6_ADDRESSES), 0)?.payload ?? Buffer.alloc(0);
  const ends = [8, 28, 48, 56];
  for (let length = 8; length <= payload.length; length += 1) {
    expect(readAttributes(payload.subarray(0, length), 8)?.size).toBe(
      ends.includes(length) ? ends.indexOf(length) : undefined,
    );
  }
});

test("reads attributes that begin after the end as none", () => {
  expect(readAttributes(Buffer.alloc(4), 8)).toBeUndefined();
});

test("never throws and never reads past the end, whatever the bytes are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const buffer = Buffer.from(bytes);
      const total = (readMessages(buffer) ?? []).reduce((sum, message) => sum + message.payload.length, 0);
      expect(total).toBeLessThanOrEqual(buffer.length);
      readAttributes(buffer);
      readAcknowledgement({ type: 2, flags: 0x300, sequence: 0, portId: 0, payload: buffer });
    }),
  );
});

test.for([
  { title: "an error in numbers only", capture: NO_SUCH_LINK, errno: 19, text: undefined },
  {
    title: "an error with the kernel's words",
    capture: MTU_TOO_LARGE,
    errno: 22,
    text: "mtu greater than device maximum",
  },
])("reads $title", ({ capture, errno, text }) => {
  const message = readMessage(bytesOf(capture), 0);
  expect(message && readAcknowledgement(message)).toEqual({ errno, text });
});

test("reads a truncated acknowledgement as none", () => {
  const payload = readMessage(bytesOf(NO_SUCH_LINK), 0)?.payload ?? Buffer.alloc(0);
  for (let length = 0; length < payload.length; length += 1) {
    const message = { type: 2, flags: 0x100, sequence: 1, portId: 0, payload: payload.subarray(0, length) };
    expect(readAcknowledgement(message)).toBeUndefined();
  }
});
