/**
 * @module Netlink messages as bytes: reading. Numbers are little-endian, as on every machine that Node's Linux builds for x86-64 and arm64 run on.
 *
 * No length field is believed: a message that lies about its size reads as `undefined`.
 */

/** Bytes of a message's header. */
export const HEADER_BYTES = 16;
/** Bytes of an attribute's header. */
export const ATTRIBUTE_HEADER_BYTES = 4;
/** Messages and attributes begin at multiples of this many bytes. Source: NLMSG_ALIGNTO, NLA_ALIGNTO, linux/netlink.h. */
const ALIGN_BYTES = 4;
/** Bits of an attribute's type that are flags: nested, network byte order. Source: NLA_TYPE_MASK, linux/netlink.h. */
const TYPE_MASK = 0x3fff;

/** Types of messages that every family has. Source: linux/netlink.h. */
export const MESSAGE_ERROR = 2;
export const MESSAGE_DONE = 3;

/** Flags of messages. Source: NLM_F_*, linux/netlink.h. */
export const FLAG_REQUEST = 0x1;
export const FLAG_ACK = 0x4;
export const FLAG_ECHO = 0x8;
export const FLAG_DUMP_INTERRUPTED = 0x10;
export const FLAG_DUMP = 0x300;
export const FLAG_REPLACE = 0x100;
/** Of a deletion: not with what is inside. Source: NLM_F_NONREC, linux/netlink.h. */
export const FLAG_NOT_RECURSIVE = 0x100;
export const FLAG_EXCLUSIVE = 0x200;
export const FLAG_CREATE = 0x400;
/** On an error message: only the header of the request is returned with it. */
const FLAG_CAPPED = 0x100;
/** On an error message: attributes follow. */
const FLAG_ACK_ATTRIBUTES = 0x200;

/** Attribute of an error message: what was wrong, in words. Source: NLMSGERR_ATTR_MSG, linux/netlink.h. */
const ERROR_ATTRIBUTE_TEXT = 1;

/** One message. `payload` is a view: it holds until the buffer is used again. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  readonly payload: Buffer;
}

/** Attributes by type, flags cleared; of several with one type the last, as the kernel reads them. */
export type Attributes = ReadonlyMap<number, Buffer>;

/** What an error message says. */
export interface Acknowledgement {
  /** 0: done. Otherwise the error number, positive. */
  readonly errno: number;
  /** What was wrong, in the kernel's words. */
  readonly text: string | undefined;
}

/** Gives a length rounded up to where the next message or attribute begins. */
export function alignBytes(length: number): number {
  return (length + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
}

/**
 * Reads the message at an offset; `undefined`: there is none, or it is longer than the bytes.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 4 | length, header included |
 * | 4 | 2 | type |
 * | 6 | 2 | flags |
 * | 8 | 4 | sequence number |
 * | 12 | 4 | port id of the receiver |
 * Source: `struct nlmsghdr`, linux/netlink.h, Linux 6.12.
 */
export function readMessage(bytes: Buffer, offset: number): Message | undefined {
  const room = bytes.length - offset;
  if (offset < 0 || room < HEADER_BYTES) return undefined;
  const length = bytes.readUInt32LE(offset);
  if (length < HEADER_BYTES || length > room) return undefined;
  return {
    type: bytes.readUInt16LE(offset + 4),
    flags: bytes.readUInt16LE(offset + 6),
    sequence: bytes.readUInt32LE(offset + 8),
    portId: bytes.readUInt32LE(offset + 12),
    payload: bytes.subarray(offset + HEADER_BYTES, offset + length),
  };
}

/** Reads all messages of one datagram; `undefined`: one of them lies about its length. */
export function readMessages(bytes: Buffer): Message[] | undefined {
  const messages: Message[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const message = readMessage(bytes, offset);
    if (message === undefined) return undefined;
    messages.push(message);
    offset += alignBytes(HEADER_BYTES + message.payload.length);
  }
  return messages;
}

/**
 * Reads attributes from an offset to the end; `undefined`: one lies about its length. Also what is nested in one attribute.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 2 | length, these 4 bytes included |
 * | 2 | 2 | type, two flags in its highest bits |
 * Source: `struct nlattr`, linux/netlink.h, Linux 6.12.
 */
export function readAttributes(bytes: Buffer, start = 0): Attributes | undefined {
  if (start > bytes.length) return undefined;
  const attributes = new Map<number, Buffer>();
  for (let offset = start; offset < bytes.length;) {
    if (bytes.length - offset < ATTRIBUTE_HEADER_BYTES) return undefined;
    const length = bytes.readUInt16LE(offset);
    if (length < ATTRIBUTE_HEADER_BYTES || length > bytes.length - offset) return undefined;
    attributes.set(
      bytes.readUInt16LE(offset + 2) & TYPE_MASK,
      bytes.subarray(offset + ATTRIBUTE_HEADER_BYTES, offset + length),
    );
    offset += alignBytes(length);
  }
  return attributes;
}

/** Reads attributes of which several may have one type, in order: as {@link readAttributes} otherwise. */
export function readAttributeList(bytes: Buffer): (readonly [type: number, value: Buffer])[] | undefined {
  const list: (readonly [number, Buffer])[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (bytes.length - offset < ATTRIBUTE_HEADER_BYTES) return undefined;
    const length = bytes.readUInt16LE(offset);
    if (length < ATTRIBUTE_HEADER_BYTES || length > bytes.length - offset) return undefined;
    const value = bytes.subarray(offset + ATTRIBUTE_HEADER_BYTES, offset + length);
    list.push([bytes.readUInt16LE(offset + 2) & TYPE_MASK, value]);
    offset += alignBytes(length);
  }
  return list;
}

/** Reads an unsigned number of 32 bits; `undefined`: no attribute, or one of another length. */
export function readU32(attribute: Buffer | undefined): number | undefined {
  return attribute?.length === 4 ? attribute.readUInt32LE(0) : undefined;
}

/** Reads text that ends with a NUL or with the attribute; `undefined`: no attribute. */
export function readText(attribute: Buffer | undefined): string | undefined {
  if (attribute === undefined) return undefined;
  const end = attribute.indexOf(0);
  return attribute.toString("utf8", 0, end < 0 ? attribute.length : end);
}

/**
 * Reads an error message, which is also how success is told; `undefined`: too short for one.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 4 | error number, negative; 0: success |
 * | 4 | 16 | header of the request |
 * | 20 | … | the request's payload, unless the message is capped; then attributes, if it says so |
 * Source: `struct nlmsgerr`, linux/netlink.h, Linux 6.12.
 */
export function readAcknowledgement(message: Message): Acknowledgement | undefined {
  const { payload, flags } = message;
  if (payload.length < 4 + HEADER_BYTES) return undefined;
  const errno = -payload.readInt32LE(0);
  if ((flags & FLAG_ACK_ATTRIBUTES) === 0) return { errno, text: undefined };
  const echoed = (flags & FLAG_CAPPED) === 0 ? payload.readUInt32LE(4) : HEADER_BYTES;
  const attributes = readAttributes(payload, 4 + alignBytes(echoed));
  return { errno, text: readText(attributes?.get(ERROR_ATTRIBUTE_TEXT)) };
}
