/**
 * @module Core modules: what they define that takes memory, and the limits written into them.
 *
 * V8 does not bound a memory by anything but the maximum in the module's own memory section, and a table likewise.
 */
import { ByteReader, encodeU32, parseSections, PREAMBLE_BYTES, rejected, type Section } from "./byte-reader.ts";

/** Bytes of a page of memory. Source: WebAssembly Core 2.0, 4.2.8. */
export const PAGE_BYTES = 65_536;
/** Most pages of a 32-bit memory. */
const MAX_PAGES = 65_536;
/** Most elements of one table of a guest. The tables of a QuickJS guest hold a few thousand. */
export const TABLE_MAX_ELEMENTS = 65_536;
/** Most tables, and most memories, that one core module may define. */
const MAX_DEFINED = 16;

/** Ids of the sections that are read. Source: WebAssembly Core 2.0, 5.5.2. */
const SECTION = { import: 2, table: 4, memory: 5 } as const;
/** Bits of a limits field. Source: WebAssembly Core 3.0, 5.3.9 (memory64 and custom page sizes included). */
const LIMITS = { hasMaximum: 0x01, shared: 0x02, is64: 0x04, customPageSize: 0x08 } as const;
/** Kinds of an import. Source: WebAssembly Core 2.0, 5.5.5. */
const IMPORT_KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** Limits of a memory in pages, or of a table in elements. */
export interface CoreLimits {
  readonly minimum: number;
  /** `undefined`: none was set. */
  readonly maximum: number | undefined;
}

/** What a core module defines or imports that takes memory. */
export interface CoreModule {
  /** Memories that it makes, in order. */
  readonly memories: readonly CoreLimits[];
  readonly tables: readonly CoreLimits[];
  readonly importedMemories: readonly CoreLimits[];
}

/**
 * Parses the sections of a core module that matter for limits. Does not trust: the bytes are a guest's.
 * @throws {CniError} componentRejected when it is malformed, or uses shared, 64-bit or custom-page memories.
 */
export function parseCoreModule(bytes: Uint8Array): CoreModule {
  const module = { memories: [] as CoreLimits[], tables: [] as CoreLimits[], importedMemories: [] as CoreLimits[] };
  for (const section of parseSections(bytes, "module")) {
    if (section.id === SECTION.import) module.importedMemories.push(...readImportedMemories(section.body));
    if (section.id === SECTION.memory) module.memories.push(...readMemories(section.body));
    if (section.id === SECTION.table) module.tables.push(...readTables(section.body));
  }
  return module;
}

/** Reads limits; of a memory in pages. */
function readLimits(reader: ByteReader): CoreLimits {
  const start = reader.offset;
  const flags = reader.readByte();
  if ((flags & ~LIMITS.hasMaximum) !== 0) {
    throw rejected("a memory or table is shared, has 64-bit indexes or pages of its own size", start);
  }
  const minimum = reader.readU32();
  return { minimum, maximum: (flags & LIMITS.hasMaximum) === 0 ? undefined : reader.readU32() };
}

function readMemories(body: Uint8Array): CoreLimits[] {
  const reader = new ByteReader(body);
  const memories = readDefinitions(reader, "memories", readLimits);
  for (const { minimum, maximum = minimum } of memories) {
    if (minimum > MAX_PAGES || maximum > MAX_PAGES || maximum < minimum)
      throw rejected("the limits of a memory are impossible");
  }
  return memories;
}

function readTables(body: Uint8Array): CoreLimits[] {
  return readDefinitions(new ByteReader(body), "tables", (reader) => {
    if (reader.bytes[reader.offset] === TABLE_WITH_INITIALIZER)
      throw rejected("a table with an initial value is not supported", reader.offset);
    skipReferenceType(reader);
    return readLimits(reader);
  });
}

/** First byte of a table with an initializer expression. Source: WebAssembly Core 3.0, 5.5.7. */
const TABLE_WITH_INITIALIZER = 0x40;

function readDefinitions<T>(reader: ByteReader, what: string, read: (reader: ByteReader) => T): T[] {
  const count = reader.readCount();
  if (count > MAX_DEFINED) throw rejected(`a core module defines ${count} ${what}, ${MAX_DEFINED} permitted`);
  const items: T[] = [];
  for (let index = 0; index < count; index += 1) items.push(read(reader));
  if (!reader.done) throw rejected(`bytes follow the last of the ${what}`);
  return items;
}

function readImportedMemories(body: Uint8Array): CoreLimits[] {
  const reader = new ByteReader(body);
  const memories: CoreLimits[] = [];
  const count = reader.readCount();
  for (let index = 0; index < count; index += 1) {
    reader.readName();
    reader.readName();
    const limits = readImportType(reader);
    if (limits !== undefined) memories.push(limits);
  }
  return memories;
}

/** Reads the type of an import; gives the limits when it is a memory. */
function readImportType(reader: ByteReader): CoreLimits | undefined {
  const kind = reader.readByte();
  switch (kind) {
    case IMPORT_KIND.function:
      reader.readU32();
      return undefined;
    case IMPORT_KIND.table:
      skipReferenceType(reader);
      readLimits(reader);
      return undefined;
    case IMPORT_KIND.memory:
      return readLimits(reader);
    case IMPORT_KIND.global:
      skipReferenceType(reader);
      reader.readByte();
      return undefined;
    case IMPORT_KIND.tag:
      reader.readByte();
      reader.readU32();
      return undefined;
    default:
      throw rejected(`import of unknown kind ${kind}`, reader.offset);
  }
}

/** Passes over a value type: one byte, or two when a heap type follows. Source: WebAssembly Core 3.0, 5.3.4. */
function skipReferenceType(reader: ByteReader): void {
  const type = reader.readByte();
  if (type === 0x63 || type === 0x64) reader.skipLeb128();
}

/**
 * Writes a maximum into every memory and table that a core module defines, where it has none or a larger one.
 * Imported memories keep their limits: the module that defines one carries the cap, and an import accepts a smaller memory.
 *
 * `maxPages` has one maximum for each memory that the module defines, in order.
 * @throws {CniError} componentRejected when the module is malformed, or a minimum is over its maximum.
 */
export function writeMaxima(bytes: Uint8Array, maxPages: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, PREAMBLE_BYTES)];
  let memoryIndex = 0;
  for (const section of parseSections(bytes, "module")) {
    if (section.id === SECTION.memory) {
      const memories = readMemories(section.body);
      const limits = memories.map((limit, index) => capped(limit, maxPages[memoryIndex + index] ?? 0, "memory"));
      memoryIndex += memories.length;
      parts.push(encodeSection(SECTION.memory, limits.map(encodeLimits)));
    } else if (section.id === SECTION.table) parts.push(capTables(section));
    else parts.push(bytes.subarray(section.start, section.end));
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Caps the memories of one module at so many bytes each. */
export function capMemory(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const pages = Math.floor(maxBytes / PAGE_BYTES);
  return writeMaxima(
    bytes,
    parseCoreModule(bytes).memories.map(() => pages),
  );
}

function capTables(section: Section): Uint8Array {
  const types: Uint8Array[] = [];
  const reader = new ByteReader(section.body);
  readDefinitions(reader, "tables", () => {
    const start = reader.offset;
    skipReferenceType(reader);
    types.push(section.body.subarray(start, reader.offset));
    return readLimits(reader);
  });
  const limits = readTables(section.body).map((limit) => capped(limit, TABLE_MAX_ELEMENTS, "table"));
  return encodeSection(
    SECTION.table,
    limits.map((limit, index) => [...(types[index] ?? []), ...encodeLimits(limit)]),
  );
}

function capped(limits: CoreLimits, maximum: number, what: string): CoreLimits {
  if (limits.minimum > maximum)
    throw rejected(
      `a ${what} starts with ${limits.minimum} ${what === "memory" ? "pages" : "elements"}, ${maximum} permitted`,
    );
  return { minimum: limits.minimum, maximum: Math.min(limits.maximum ?? maximum, maximum) };
}

function encodeLimits({ minimum, maximum }: CoreLimits): number[] {
  return [LIMITS.hasMaximum, ...encodeU32(minimum), ...encodeU32(maximum ?? minimum)];
}

function encodeSection(id: number, items: readonly (readonly number[])[]): Uint8Array {
  const body = [...encodeU32(items.length), ...items.flat()];
  return Uint8Array.from([id, ...encodeU32(body.length), ...body]);
}
