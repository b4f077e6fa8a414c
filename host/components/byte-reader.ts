/**
 * @module A reader over bytes that nobody has to trust: never reads past its end, never loops without consuming.
 */
import { CniError } from "../spec/error.ts";

/** Longest name in bytes. Source: V8's kV8MaxWasmStringSize. */
const NAME_MAX_BYTES = 100_000;
/** Bytes of the longest LEB128 encoding of 32 bits. Source: WebAssembly Core 2.0, 5.2.2. */
const LEB128_U32_MAX_BYTES = 5;
/** The same for 64 bits. */
const LEB128_U64_MAX_BYTES = 10;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Reads WebAssembly's binary values, one after the other. Every method throws CniError componentRejected when the bytes end or lie. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Where the next value starts. */
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.offset >= this.bytes.byteLength;
  }

  readByte(): number {
    const byte = this.bytes[this.offset];
    if (byte === undefined) throw rejected("bytes end in the middle of a value", this.offset);
    this.offset += 1;
    return byte;
  }

  /** Reads an unsigned LEB128 number of 32 bits. */
  readU32(): number {
    let value = 0;
    for (let index = 0; index < LEB128_U32_MAX_BYTES; index += 1) {
      const byte = this.readByte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if ((byte & 0x80) === 0) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw rejected("a number does not fit 32 bits", this.offset);
  }

  /** Passes over a LEB128 number of up to 64 bits, signed or not. */
  skipLeb128(): void {
    for (let index = 0; index < LEB128_U64_MAX_BYTES; index += 1) {
      if ((this.readByte() & 0x80) === 0) return;
    }
    throw rejected("a number does not fit 64 bits", this.offset);
  }

  /** Reads a name: its length in bytes and so many bytes of UTF-8. */
  readName(): string {
    const length = this.readU32();
    if (length > NAME_MAX_BYTES) throw rejected(`a name has ${length} bytes, ${NAME_MAX_BYTES} permitted`, this.offset);
    const start = this.offset;
    try {
      return UTF8.decode(this.readBytes(length));
    } catch (error) {
      if (error instanceof CniError) throw error;
      throw rejected("a name is not UTF-8", start);
    }
  }

  /** Reads so many bytes; they are a view, not a copy. */
  readBytes(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.bytes.byteLength)
      throw rejected(`${length} bytes wanted, ${this.bytes.byteLength - this.offset} are left`, this.offset);
    const bytes = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return bytes;
  }

  /** Reads a count of things that take one byte or more each, so that a count alone cannot make a long loop. */
  readCount(): number {
    const count = this.readU32();
    if (count > this.bytes.byteLength - this.offset)
      throw rejected(`${count} items do not fit what is left`, this.offset);
    return count;
  }
}

/** One section of a module or a component. */
export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
  /** Where the section starts, its id included, in the bytes it was read from. */
  readonly start: number;
  readonly end: number;
}

/** `\0asm`. Source: WebAssembly Core 2.0, 5.5.16. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Bytes of magic number, version and layer. */
export const PREAMBLE_BYTES = 8;

/**
 * Cuts a module or component into its sections.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 4 | `\0asm` |
 * | 4 | 2 | version: 1 for a module, 13 for a component |
 * | 6 | 2 | layer: 0 for a module, 1 for a component |
 * | 8 | … | sections: id (1), length (LEB128), body |
 *
 * Source: WebAssembly Core 2.0, 5.5; component-model design/mvp/Binary.md.
 * @throws {CniError} componentRejected when it is something else or a length is a lie.
 */
export function parseSections(bytes: Uint8Array, kind: "module" | "component"): Section[] {
  const wanted = kind === "module" ? [1, 0, 0, 0] : [13, 0, 1, 0];
  const isKind = [...MAGIC, ...wanted].every((byte, index) => bytes[index] === byte);
  if (!isKind) throw rejected(`not a WebAssembly ${kind}`, 0);
  const reader = new ByteReader(bytes);
  reader.offset = PREAMBLE_BYTES;
  const sections: Section[] = [];
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.readByte();
    const body = reader.readBytes(reader.readU32());
    sections.push({ id, body, start, end: reader.offset });
  }
  return sections;
}

/** Encodes an unsigned number of 32 bits as LEB128: 1 to 5 bytes. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest > 0);
  return bytes;
}

/** Makes the error for bytes that are no component, or not one we run. */
export function rejected(message: string, offset?: number): CniError {
  return new CniError("componentRejected", message, offset === undefined ? {} : { details: `at byte ${offset}` });
}
