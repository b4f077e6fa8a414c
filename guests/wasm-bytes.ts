/**
 * @module As much of the WebAssembly binary format as the build of guests reads and writes. Source: WebAssembly core specification,
 * "Binary Format".
 */

/** Bytes that a module starts with. A component has another version. */
export const MODULE_MAGIC = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
/** Ids of sections. */
export const SECTION = { custom: 0, imports: 2, code: 10, last: 13 } as const;

/** A section: where its content starts and ends. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** A function that is imported. Its index is its place among those. */
export interface ImportedFunction {
  readonly module: string;
  readonly name: string;
}

/** Reads numbers one after the other. Trusts: the bytes are a tool's. */
export class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }

  /** Reads an unsigned LEB128 number of at most 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Passes over LEB128 numbers of any size. */
  skip(count: number): void {
    for (let left = count; left > 0; left--) while (this.byte() >= 0x80);
  }

  text(): string {
    const bytes = this.unsigned();
    this.at += bytes;
    return this.bytes.toString("utf8", this.at - bytes, this.at);
  }
}

/** Writes an unsigned LEB128 number. */
export function encodeUnsigned(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** Adds a custom section at the end of a module or component. */
export function withCustomSection(binary: Uint8Array, name: string, content: Uint8Array): Buffer {
  const nameBytes = Buffer.from(name, "utf8");
  const body = Buffer.concat([encodeUnsigned(nameBytes.byteLength), nameBytes, content]);
  return Buffer.concat([binary, Buffer.from([SECTION.custom]), encodeUnsigned(body.byteLength), body]);
}

/** Lists the sections of a module that starts at `start`, up to where no section can be. */
export function readSections(bytes: Buffer, start: number): Section[] {
  const sections: Section[] = [];
  const cursor = new Cursor(bytes, start + MODULE_MAGIC.byteLength);
  while (cursor.at < bytes.byteLength) {
    const id = cursor.byte();
    if (id > SECTION.last) break;
    const length = cursor.unsigned();
    const section = { id, start: cursor.at, end: cursor.at + length };
    if (length === 0 || section.end > bytes.byteLength) break;
    if (id === SECTION.custom && !/^[\u0020-\u007e]+$/u.test(new Cursor(bytes, section.start).text())) break;
    sections.push(section);
    cursor.at = section.end;
  }
  return sections;
}

/** Lists the functions that a module imports, in order of their indexes. */
export function readImportedFunctions(bytes: Buffer, section: Section): ImportedFunction[] {
  const cursor = new Cursor(bytes, section.start);
  const functions: ImportedFunction[] = [];
  for (let left = cursor.unsigned(); left > 0; left--) {
    const imported = { module: cursor.text(), name: cursor.text() };
    if (skipImportType(cursor)) functions.push(imported);
  }
  return functions;
}

/** Passes over the type of an import; tells whether it is a function. */
function skipImportType(cursor: Cursor): boolean {
  const kind = cursor.byte();
  if (kind === 0x00) cursor.skip(1);
  else if (kind === 0x03) cursor.at += 2;
  else {
    if (kind === 0x01) cursor.at += 1;
    const flags = cursor.byte();
    cursor.skip((flags & 1) === 1 ? 2 : 1);
  }
  return kind === 0x00;
}
