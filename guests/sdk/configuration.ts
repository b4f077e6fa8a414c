/**
 * @module A plugin's configuration: JSON whose keys match whatever their case, read field by field, with errors that name the field,
 * what was wanted and what was got.
 *
 * Keys that nobody asks for are ignored, null is the same as absent, and of several spellings of a key the last one counts. The host
 * reads the configuration by the same rules when it derives what the call may do.
 */
import { CODES, fail } from "./errors.ts";
import type { IpAddress, IpPrefix } from "./ip.ts";
import { readAddress, readPrefix } from "./ip-text.ts";
import { type MacAddress, readMac } from "./mac.ts";

/** Most characters of a value that an error quotes. */
const QUOTED_MAX_CHARACTERS = 80;

/** Bounds of a whole number, both included. */
export interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Parses a configuration.
 * @throws {PluginFailure} code 6 when the text is not one JSON object.
 */
export function parseConfiguration(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail(CODES.decodingFailure, "the configuration is not JSON");
  }
  if (!isObject(value)) return fail(CODES.decodingFailure, `the configuration: want an object, got ${quote(value)}`);
  return new Fields(value, "");
}

/**
 * The fields of one object of a configuration. Every method gives `undefined` for a field that is absent, and fails with code 6 for
 * one of another JSON type, with code 7 for a value that is of the type but cannot be meant.
 */
export class Fields {
  /** By name in lower case; of several spellings the last. */
  readonly #values = new Map<string, unknown>();
  /** Path of the object, such as `ipam.ranges[0]`; empty for the configuration itself. */
  readonly #path: string;

  constructor(object: Readonly<Record<string, unknown>>, path: string) {
    for (const name in object) this.#values.set(name.toLowerCase(), object[name]);
    this.#path = path;
  }

  /** Path of a field, as errors name it. */
  pathOf(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }

  /** The value as it is in the JSON. */
  raw(key: string): unknown {
    return this.#values.get(key.toLowerCase()) ?? undefined;
  }

  /** Whether the field is there and not null. */
  has(key: string): boolean {
    return this.raw(key) !== undefined;
  }

  /** A boolean. Absent is false, as in the reference plugins. */
  flag(key: string): boolean {
    const value = this.raw(key);
    if (value === undefined) return false;
    return typeof value === "boolean" ? value : wrongType(this.pathOf(key), "true or false", value);
  }

  /** A text. Empty is absent, as in the reference plugins. */
  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || value === "") return undefined;
    return typeof value === "string" ? value : wrongType(this.pathOf(key), "a string", value);
  }

  /** A whole number within bounds. */
  integer(key: string, bounds: Bounds): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value))
      return wrongType(this.pathOf(key), "a whole number", value);
    if (value >= bounds.minimum && value <= bounds.maximum) return value;
    return invalid(this.pathOf(key), `a whole number from ${bounds.minimum} to ${bounds.maximum}`, value);
  }

  /** A list of texts. */
  texts(key: string): string[] | undefined {
    return this.#list(key)?.map((value, index) =>
      typeof value === "string" ? value : wrongType(`${this.pathOf(key)}[${index}]`, "a string", value),
    );
  }

  /** An object whose fields are texts, with their names as they are written. */
  namedTexts(key: string): [name: string, text: string][] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (!isObject(value)) return wrongType(this.pathOf(key), "an object", value);
    return Object.entries(value).map(([name, text]) =>
      typeof text === "string" ? [name, text] : wrongType(`${this.pathOf(key)}.${name}`, "a string", text),
    );
  }

  /** An object. */
  object(key: string): Fields | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return isObject(value) ? new Fields(value, this.pathOf(key)) : wrongType(this.pathOf(key), "an object", value);
  }

  /** A list of objects. */
  objects(key: string): Fields[] | undefined {
    return this.#list(key)?.map((value, index) => objectAt(value, `${this.pathOf(key)}[${index}]`));
  }

  /** A list of lists of objects. */
  objectLists(key: string): Fields[][] | undefined {
    return this.#list(key)?.map((list, outer) => {
      const path = `${this.pathOf(key)}[${outer}]`;
      if (!Array.isArray(list)) return wrongType(path, "a list", list);
      return list.map((value, inner) => objectAt(value, `${path}[${inner}]`));
    });
  }

  /** An address, as text in the JSON. */
  address(key: string): IpAddress | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : parseAddress(this.pathOf(key), text);
  }

  /** An address with the length of its prefix, as text in the JSON; host bits are kept. */
  prefix(key: string): IpPrefix | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : parsePrefix(this.pathOf(key), text);
  }

  /** A hardware address, as text in the JSON. */
  mac(key: string): MacAddress | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : parseMac(this.pathOf(key), text);
  }

  /**
   * Refuses a field that this plugin does not have, unless its value asks for nothing: absent, null, false or 0.
   * @throws {PluginFailure} code 2, naming the field and its value.
   */
  refuse(key: string, why: string): void {
    const value = this.raw(key);
    if (value === undefined || value === false || value === 0) return;
    fail(CODES.unsupportedField, `${this.pathOf(key)}: ${quote(value)} is not supported: ${why}`);
  }

  #list(key: string): unknown[] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return Array.isArray(value) ? value : wrongType(this.pathOf(key), "a list", value);
  }
}

/**
 * Parses an address; `source` says where the text came from.
 * @throws {PluginFailure} code 7.
 */
export function parseAddress(source: string, text: string): IpAddress {
  return readAddress(text) ?? invalid(source, "an address such as 10.1.0.7 or 2001:db8::7", text);
}

/**
 * Parses an address with the length of its prefix; `source` says where the text came from.
 * @throws {PluginFailure} code 7.
 */
export function parsePrefix(source: string, text: string): IpPrefix {
  return (
    readPrefix(text) ?? invalid(source, "an address with a prefix length, such as 10.1.0.7/24 or 2001:db8::7/64", text)
  );
}

/**
 * Parses a hardware address; `source` says where the text came from.
 * @throws {PluginFailure} code 7.
 */
export function parseMac(source: string, text: string): MacAddress {
  return readMac(text) ?? invalid(source, "a hardware address such as 0a:58:0a:01:00:07", text);
}

/**
 * Ends the verb: a field has a value that cannot be meant.
 * @throws {PluginFailure} code 7, always.
 */
export function invalid(source: string, wanted: string, got: unknown): never {
  return fail(CODES.invalidNetworkConfig, `${source}: want ${wanted}, got ${quote(got)}`);
}

/** Writes a value for an error, cut where it is long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= QUOTED_MAX_CHARACTERS ? text : `${text.slice(0, QUOTED_MAX_CHARACTERS)}…`;
}

function wrongType(source: string, wanted: string, got: unknown): never {
  return fail(CODES.decodingFailure, `${source}: want ${wanted}, got ${quote(got)}`);
}

function objectAt(value: unknown, path: string): Fields {
  return isObject(value) ? new Fields(value, path) : wrongType(path, "an object", value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
