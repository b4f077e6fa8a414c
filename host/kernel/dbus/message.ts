/**
 * @module Messages of D-Bus, as far as the helper speaks it: calls whose arguments are texts, answers that are one text, number or boolean.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | byte order: `l`, little endian |
 * | 1 | 1 | kind: 1 call, 2 return, 3 error, 4 signal |
 * | 2 | 1 | flags |
 * | 3 | 1 | version of the protocol: 1 |
 * | 4 | 4 | length of the body |
 * | 8 | 4 | serial |
 * | 12 | 4 | length of the header fields |
 * | 16 | | header fields: each aligned to 8, a code, a signature, a value; then padding to 8, then the body |
 * Source: D-Bus Specification 0.43, Message Format.
 */

/** Bytes until the length of a message is known. */
export const HEAD_BYTES = 16;
/** Longest message that is read, in bytes. An answer is a word or an error's text. */
export const MESSAGE_MAX_BYTES = 64 * 1024;

const LITTLE_ENDIAN = 0x6c;
const KIND_CALL = 1;
const KIND_RETURN = 2;
const KIND_ERROR = 3;
/** The bus starts no program to have the call answered. */
const FLAG_NO_AUTO_START = 2;
const PROTOCOL_VERSION = 1;
/** Codes of header fields. */
const FIELD_PATH = 1;
const FIELD_INTERFACE = 2;
const FIELD_MEMBER = 3;
const FIELD_ERROR_NAME = 4;
const FIELD_REPLY_SERIAL = 5;
const FIELD_DESTINATION = 6;
const FIELD_SIGNATURE = 8;

/** Who is asked for what. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly args: readonly string[];
}

/** What an answer says. */
export type BusValue = string | number | boolean | undefined;

/** A message that came in. */
export interface BusMessage {
  /** Serial of the call that it answers; `undefined`: none, such as a signal. */
  readonly replySerial: number | undefined;
  /** Name of the error; `undefined`: it is none. */
  readonly errorName: string | undefined;
  /** The first value of the body; of a kind that is not known: `undefined`. */
  readonly value: BusValue;
}

/** Encodes a call. */
export function encodeCall(serial: number, call: BusCall): Uint8Array {
  const body = new Writer();
  for (const text of call.args) body.text(text);
  const fields = new Writer();
  fields.field(FIELD_PATH, "o", call.path);
  fields.field(FIELD_INTERFACE, "s", call.interface);
  fields.field(FIELD_MEMBER, "s", call.member);
  fields.field(FIELD_DESTINATION, "s", call.destination);
  if (call.args.length > 0) fields.field(FIELD_SIGNATURE, "g", "s".repeat(call.args.length));
  const head = Buffer.alloc(HEAD_BYTES);
  head.set([LITTLE_ENDIAN, KIND_CALL, FLAG_NO_AUTO_START, PROTOCOL_VERSION]);
  head.writeUInt32LE(body.bytes, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(fields.bytes, 12);
  // The fields begin at a multiple of 8, so their own alignment is that of the message.
  fields.align(8);
  return Buffer.concat([head, fields.take(), body.take()]);
}

/** Gives the length of the message that begins so, in bytes. `undefined`: it is none of ours, or too long. */
export function messageBytes(head: Uint8Array): number | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.byteLength < HEAD_BYTES || view.getUint8(0) !== LITTLE_ENDIAN || view.getUint8(3) !== PROTOCOL_VERSION)
    return undefined;
  const bytes = HEAD_BYTES + align(view.getUint32(12, true), 8) + view.getUint32(4, true);
  return bytes > MESSAGE_MAX_BYTES ? undefined : bytes;
}

/** Reads a whole message. `undefined`: a length in it is a lie, or it is none. */
export function readMessage(message: Uint8Array): BusMessage | undefined {
  if (messageBytes(message) !== message.byteLength) return undefined;
  const fields = readFields(new Reader(message, HEAD_BYTES));
  if (fields === undefined) return undefined;
  const kind = message[1];
  const serial = fields.get(FIELD_REPLY_SERIAL);
  const isAnswer = kind === KIND_RETURN || kind === KIND_ERROR;
  const name = fields.get(FIELD_ERROR_NAME);
  if (kind === KIND_ERROR && typeof name !== "string") return undefined;
  const signature = fields.get(FIELD_SIGNATURE);
  return {
    replySerial: isAnswer && typeof serial === "number" ? serial : undefined,
    errorName: kind === KIND_ERROR && typeof name === "string" ? name : undefined,
    value: typeof signature === "string" ? readBody(message, signature) : undefined,
  };
}

function readFields(reader: Reader): Map<number, string | number | boolean> | undefined {
  const fields = new Map<number, string | number | boolean>();
  const end = HEAD_BYTES + reader.fieldsBytes;
  while (reader.offset < end) {
    reader.align(8);
    const code = reader.byte();
    const signature = reader.signature();
    const value = signature === undefined ? undefined : reader.value(signature);
    if (code === undefined || value === undefined || reader.offset > end) return undefined;
    fields.set(code, value);
  }
  return fields;
}

function readBody(message: Uint8Array, signature: string): BusValue {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return new Reader(message, message.byteLength - view.getUint32(4, true)).value(signature.slice(0, 1));
}

const align = (offset: number, to: number): number => Math.ceil(offset / to) * to;

/** Appends values, each aligned as its type is. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  bytes = 0;

  align(to: number): void {
    this.#put(new Uint8Array(align(this.bytes, to) - this.bytes));
  }

  /** A length, the text, a NUL. */
  text(text: string): void {
    const bytes = Buffer.from(`${text}\0`, "utf8");
    this.align(4);
    this.#put(Buffer.from(Uint32Array.of(bytes.length - 1).buffer));
    this.#put(bytes);
  }

  field(code: number, type: "o" | "s" | "g", text: string): void {
    this.align(8);
    this.#put(Buffer.from([code, 1, type.charCodeAt(0), 0]));
    if (type === "g") this.#put(Buffer.from(`${String.fromCharCode(text.length)}${text}\0`, "latin1"));
    else this.text(text);
  }

  take(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #put(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.bytes += bytes.length;
  }
}

/** Reads values. Whatever goes beyond the end is `undefined`. */
class Reader {
  readonly #message: Buffer;
  offset: number;

  constructor(message: Uint8Array, offset: number) {
    this.#message = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    this.offset = offset;
  }

  get fieldsBytes(): number {
    return this.#message.readUInt32LE(12);
  }

  align(to: number): void {
    this.offset = align(this.offset, to);
  }

  byte(): number | undefined {
    const value = this.#message[this.offset];
    this.offset += 1;
    return value;
  }

  signature(): string | undefined {
    const bytes = this.byte();
    return bytes === undefined ? undefined : this.#text(bytes);
  }

  value(type: string): string | number | boolean | undefined {
    if (type === "g") return this.signature();
    if (!["s", "o", "u", "b"].includes(type)) return undefined;
    this.align(4);
    if (this.offset + 4 > this.#message.length) return undefined;
    const number = this.#message.readUInt32LE(this.offset);
    this.offset += 4;
    if (type === "u") return number;
    return type === "b" ? number === 1 : this.#text(number);
  }

  #text(bytes: number): string | undefined {
    const end = this.offset + bytes;
    if (end >= this.#message.length || this.#message[end] !== 0) return undefined;
    const text = this.#message.toString("utf8", this.offset, end);
    this.offset = end + 1;
    return text;
  }
}
