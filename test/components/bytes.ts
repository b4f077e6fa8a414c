/**
 * @module Writes small modules and components, byte by byte, for tests.
 */
import { encodeU32 } from "../../host/components/byte-reader.ts";

/** A section: id, length, body. */
export function section(id: number, body: readonly number[]): number[] {
  return [id, ...encodeU32(body.length), ...body];
}

/** A name: length and UTF-8. */
export function name(text: string): number[] {
  const bytes = [...Buffer.from(text, "utf8")];
  return [...encodeU32(bytes.length), ...bytes];
}

/** A core module with the sections given. */
export function coreModule(...sections: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** A component with the sections given. */
export function component(...sections: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 13, 0, 1, 0, ...sections.flat()]);
}

/** A memory section with memories of so many pages, `[minimum]` or `[minimum, maximum]`. */
export function memories(...limits: readonly (readonly [number, number?])[]): number[] {
  const items = limits.map(([minimum, maximum]) =>
    maximum === undefined ? [0, ...encodeU32(minimum)] : [1, ...encodeU32(minimum), ...encodeU32(maximum)],
  );
  return section(5, [...encodeU32(items.length), ...items.flat()]);
}

/** An import section of a component: instances of type 0. */
export function instanceImports(...names: readonly string[]): number[] {
  return section(10, [...encodeU32(names.length), ...names.flatMap((text) => [0x00, ...name(text), 0x05, 0x00])]);
}

/** An export section of a component: instance 0, again and again. */
export function instanceExports(...names: readonly string[]): number[] {
  return section(11, [...encodeU32(names.length), ...names.flatMap((text) => [0x00, ...name(text), 0x05, 0x00, 0x00])]);
}

/** A custom section. */
export function custom(title: string, content: string): number[] {
  return section(0, [...name(title), ...Buffer.from(content, "utf8")]);
}
