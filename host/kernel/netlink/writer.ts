/**
 * @module Netlink messages as bytes: writing. Layouts are those of `codec.ts`.
 */

import { KernelError } from "../error.ts";
import { alignBytes, ATTRIBUTE_HEADER_BYTES, HEADER_BYTES } from "./codec.ts";

/** Room for the longest message that is written here, in bytes. */
const CAPACITY_BYTES = 4096;
/** Marks an attribute that holds attributes. Source: NLA_F_NESTED, linux/netlink.h. */
const NESTED = 0x8000;

/** What begins a message. */
export interface RequestHeader {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
}

/** Writes one message after the other into one buffer. */
export class MessageWriter {
  readonly #bytes = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
  #length = 0;

  /** Begins a message; the one before is gone. */
  begin(header: RequestHeader): this {
    this.#length = HEADER_BYTES;
    this.#bytes.writeUInt16LE(header.type, 4);
    this.#bytes.writeUInt16LE(header.flags, 6);
    this.#bytes.writeUInt32LE(header.sequence, 8);
    this.#bytes.writeUInt32LE(0, 12);
    return this;
  }

  /** Ends the message. The bytes are a view that holds until the next one begins. */
  finish(): Buffer {
    this.#bytes.writeUInt32LE(this.#length, 0);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends one octet. */
  u8(value: number): this {
    return this.#append(1, (offset) => this.#bytes.writeUInt8(value, offset));
  }

  /** Appends 16 bits. */
  u16(value: number): this {
    return this.#append(2, (offset) => this.#bytes.writeUInt16LE(value, offset));
  }

  /** Appends 32 bits. */
  u32(value: number): this {
    return this.#append(4, (offset) => this.#bytes.writeUInt32LE(value, offset));
  }

  /** Appends an attribute. */
  attribute(type: number, value: Uint8Array): this {
    return this.#header(type, value.length).#append(alignBytes(value.length), (offset) => {
      this.#bytes.fill(0, offset, offset + alignBytes(value.length)).set(value, offset);
    });
  }

  /** Appends an attribute of one octet. */
  attributeU8(type: number, value: number): this {
    return this.#header(type, 1).u8(value).u8(0).u16(0);
  }

  /** Appends an attribute of 32 bits. */
  attributeU32(type: number, value: number): this {
    return this.#header(type, 4).u32(value);
  }

  /**
   * Appends an attribute of text with a NUL after it.
   * @throws {KernelError} EINVAL for text with a NUL in it: the kernel would see another text.
   */
  attributeText(type: number, text: string): this {
    if (text.includes("\0")) throw new KernelError("EINVAL", "netlink text", "NUL in it");
    return this.attribute(type, Buffer.from(`${text}\0`));
  }

  /** Appends an attribute that holds attributes, as bytes that were received. */
  nestedBytes(type: number, value: Uint8Array): this {
    return this.attribute(type | NESTED, value);
  }

  /** Appends an attribute that holds what `write` appends. */
  nested(type: number, write: (writer: this) => void): this {
    const start = this.#length;
    this.#header(type | NESTED, 0);
    write(this);
    this.#bytes.writeUInt16LE(this.#length - start, start);
    return this;
  }

  #header(type: number, valueBytes: number): this {
    return this.u16(ATTRIBUTE_HEADER_BYTES + valueBytes).u16(type);
  }

  #append(bytes: number, write: (offset: number) => void): this {
    if (this.#length + bytes > CAPACITY_BYTES) throw new KernelError("EMSGSIZE", "netlink request");
    write(this.#length);
    this.#length += bytes;
    return this;
  }
}
