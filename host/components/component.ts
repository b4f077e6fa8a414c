/**
 * @module What a component says about itself: names of imports and exports, core modules, custom sections.
 */
import { ByteReader, parseSections, rejected } from "./byte-reader.ts";

/** Largest component in bytes. */
export const COMPONENT_MAX_BYTES = 32 * 1024 * 1024;
/** Deepest nesting of components in components. Real ones have one level. */
const NESTING_MAX = 8;
/** Most core modules and nested components, together. */
const PARTS_MAX = 256;
/** Name of the custom section with the manifest: the JSON text of one object. */
export const MANIFEST_SECTION = "cnidaria:manifest";

/** Ids of sections. Source: component-model design/mvp/Binary.md, "Component Definitions". */
const SECTION = { custom: 0, coreModule: 1, component: 4, import: 10, export: 11 } as const;

/** What is read of a component, untrusted. */
export interface Component {
  /** Names of its imports, with their version, such as `cnidaria:plugin/log@0.1.0`. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** Names of imports and exports of components inside it. */
  readonly innerNames: readonly string[];
  /** Core modules, those of inner components included. */
  readonly coreModules: readonly Uint8Array[];
  /** Content of its first section {@link MANIFEST_SECTION}; `undefined`: it has none. */
  readonly manifest: Uint8Array | undefined;
}

interface Found {
  imports: string[];
  exports: string[];
  innerNames: string[];
  coreModules: Uint8Array[];
  manifest: Uint8Array | undefined;
  parts: number;
}

/**
 * Parses a component as far as its names go. Does not trust: the bytes are whatever somebody wants installed.
 * @throws {CniError} componentRejected when it is malformed, too large, or nested too deep.
 */
export function parseComponent(bytes: Uint8Array): Component {
  if (bytes.byteLength > COMPONENT_MAX_BYTES) {
    throw rejected(`the component has ${bytes.byteLength} bytes, ${COMPONENT_MAX_BYTES} permitted`);
  }
  const found: Found = { imports: [], exports: [], innerNames: [], coreModules: [], manifest: undefined, parts: 0 };
  readComponent(bytes, 0, found);
  const { imports, exports, innerNames, coreModules, manifest } = found;
  return { imports, exports, innerNames, coreModules, manifest };
}

function readComponent(bytes: Uint8Array, depth: number, found: Found): void {
  if (depth > NESTING_MAX) throw rejected(`components are nested deeper than ${NESTING_MAX}`);
  for (const { id, body } of parseSections(bytes, "component")) {
    switch (id) {
      case SECTION.custom:
        if (depth === 0) readCustom(body, found);
        break;
      case SECTION.coreModule:
        countPart(found);
        found.coreModules.push(body);
        break;
      case SECTION.component:
        countPart(found);
        readComponent(body, depth + 1, found);
        break;
      case SECTION.import:
        (depth === 0 ? found.imports : found.innerNames).push(...readImportNames(body));
        break;
      case SECTION.export:
        (depth === 0 ? found.exports : found.innerNames).push(...readExportNames(body));
        break;
      default:
        break;
    }
  }
}

function countPart(found: Found): void {
  found.parts += 1;
  if (found.parts > PARTS_MAX) throw rejected(`more than ${PARTS_MAX} core modules and inner components`);
}

function readCustom(body: Uint8Array, found: Found): void {
  const reader = new ByteReader(body);
  if (reader.readName() !== MANIFEST_SECTION) return;
  if (found.manifest !== undefined) throw rejected(`more than one section ${JSON.stringify(MANIFEST_SECTION)}`);
  found.manifest = body.subarray(reader.offset);
}

function readImportNames(body: Uint8Array): string[] {
  const reader = new ByteReader(body);
  const names: string[] = [];
  for (let left = reader.readCount(); left > 0; left -= 1) {
    names.push(readExternName(reader));
    skipExternDescription(reader);
  }
  return names;
}

function readExportNames(body: Uint8Array): string[] {
  const reader = new ByteReader(body);
  const names: string[] = [];
  for (let left = reader.readCount(); left > 0; left -= 1) {
    names.push(readExternName(reader));
    if (reader.readByte() === SORT_CORE) reader.readByte();
    reader.readU32();
    if (reader.readByte() === 0x01) skipExternDescription(reader);
  }
  return names;
}

/** First byte of a core sort, which has a second one. */
const SORT_CORE = 0x00;

/** Reads the name of an import or export. Source: Binary.md, `importname'`, `exportname'`. */
function readExternName(reader: ByteReader): string {
  const kind = reader.readByte();
  if (kind > 0x01) throw rejected(`an import or export name of kind ${kind} is not supported`, reader.offset);
  return reader.readName();
}

/** Passes over what an import or export is. Source: Binary.md, `externdesc`. */
function skipExternDescription(reader: ByteReader): void {
  const kind = reader.readByte();
  switch (kind) {
    case 0x00: // core module: 0x11 and a type index
      reader.readByte();
      reader.readU32();
      return;
    case 0x01: // function
    case 0x04: // component
    case 0x05: // instance
      reader.readU32();
      return;
    case 0x02: // value: equal to an index, or of a type
      reader.readByte();
      reader.skipLeb128();
      return;
    case 0x03: // type: equal to an index, or a fresh resource
      if (reader.readByte() === 0x00) reader.readU32();
      return;
    default:
      throw rejected(`an import or export of unknown kind ${kind}`, reader.offset);
  }
}
