import { describe, expect, test } from "vitest";
import {
  encodeCall,
  HEAD_BYTES,
  MESSAGE_MAX_BYTES,
  messageBytes,
  readMessage,
} from "../../../host/kernel/dbus/message.ts";

const CALL = {
  destination: "org.example.Who",
  path: "/org/example",
  interface: "org.example.What",
  member: "ask",
  args: ["trusted", "10.88.0.2/32"],
};

const answer = ({ kind = 2, fields = "", body = "" }): Buffer => {
  const [fieldBytes, bodyBytes] = [Buffer.from(fields, "hex"), Buffer.from(body, "hex")];
  const head = Buffer.alloc(HEAD_BYTES);
  head.set([0x6c, kind, 1, 1]);
  head.writeUInt32LE(bodyBytes.length, 4);
  head.writeUInt32LE(9, 8);
  head.writeUInt32LE(fieldBytes.length, 12);
  const padding = Buffer.alloc((8 - (fieldBytes.length % 8)) % 8);
  return Buffer.concat([head, fieldBytes, padding, bodyBytes]);
};
/** `reply serial 7`, and the signatures of one value. */
const SERIAL = "0501750007000000";
const TEXT = `${SERIAL}08016700017300`;
const BOOLEAN = `${SERIAL}08016700016200`;

test("a call has its texts where they belong", () => {
  const message = Buffer.from(encodeCall(7, CALL));
  expect(messageBytes(message)).toBe(message.length);
  expect(message.subarray(0, 12).toString("hex")).toBe("6c0102011d000000" + "07000000");
  const body = message.subarray(message.length - 0x1d);
  expect(body.toString("latin1")).toBe("\x07\0\0\0trusted\0\x0c\0\0\x0010.88.0.2/32\0");
  expect(message.toString("latin1")).toContain("\x08\x01g\0\x02ss\0");
});

test.for([
  { what: "a text", message: answer({ fields: TEXT, body: "070000007472757374656400" }), value: "trusted" },
  { what: "true", message: answer({ fields: BOOLEAN, body: "01000000" }), value: true },
  { what: "false", message: answer({ fields: BOOLEAN, body: "00000000" }), value: false },
  { what: "nothing", message: answer({ fields: SERIAL }), value: undefined },
  {
    what: "a list, which is not read",
    message: answer({ fields: `${SERIAL}0801670002617300`, body: "00000000" }),
    value: undefined,
  },
])("an answer of $what", ({ message, value }) => {
  expect(readMessage(message)).toEqual({ replySerial: 7, errorName: undefined, value });
});

test("an error has its name and its text", () => {
  const name = `0401730003000000${Buffer.from("a.b").toString("hex")}0000000000`;
  const message = answer({ kind: 3, fields: `${name}${TEXT}`, body: "020000006e6f00" });
  expect(readMessage(message)).toEqual({ replySerial: 7, errorName: "a.b", value: "no" });
});

test("a signal answers nothing", () => {
  expect(readMessage(answer({ kind: 4, fields: TEXT, body: "020000006e6f00" }))).toMatchObject({
    replySerial: undefined,
  });
});

describe("a lie is no message", () => {
  const whole = answer({ fields: TEXT, body: "070000007472757374656400" });

  test("every truncation", () => {
    for (let bytes = 0; bytes < whole.length; bytes += 1) expect(readMessage(whole.subarray(0, bytes))).toBeUndefined();
  });

  test("every length that is too long", () => {
    for (const offset of [4, 12]) {
      const message = Buffer.from(whole);
      message.writeUInt32LE(0xff_ff_ff_f0, offset);
      expect([messageBytes(message), readMessage(message)]).toEqual([undefined, undefined]);
    }
    const body = Buffer.from(whole);
    body.writeUInt32LE(MESSAGE_MAX_BYTES, whole.length - 12);
    expect(readMessage(body)).toMatchObject({ value: undefined });
  });

  test("the other byte order, and another version", () => {
    for (const [offset, value] of [
      [0, 0x42],
      [3, 2],
    ] as const) {
      const message = Buffer.from(whole);
      message[offset] = value;
      expect(readMessage(message)).toBeUndefined();
    }
  });

  test("no byte of it makes reading fail", () => {
    for (let offset = 0; offset < whole.length; offset += 1)
      for (const value of [0, 1, 0x7f, 0xff]) {
        const message = Buffer.from(whole);
        message[offset] = value;
        expect(() => readMessage(message)).not.toThrow();
      }
  });
});
