/**
 * @module The checksum that a build leaves at a component's end, so that a changed byte is noticed before anybody is asked to grant something.
 *
 * | bytes from the end | bytes | field |
 * | ---: | ---: | --- |
 * | 50 | 1 | section id: 0, custom |
 * | 49 | 1 | length of what follows: 48 |
 * | 48 | 1 | length of the name: 15 |
 * | 47 | 15 | name: `cnidaria:sha256` |
 * | 32 | 32 | SHA-256 of every byte before this section |
 *
 * It tells accidents. Whoever changes a component on purpose can write another; then its digest is another one, and the operator decides.
 * Source: WebAssembly core specification, "Custom Section".
 */
import { createHash } from "node:crypto";

const NAME = "cnidaria:sha256";
const HASH_BYTES = 32;
const HEAD = Buffer.from([0, 1 + NAME.length + HASH_BYTES, NAME.length, ...Buffer.from(NAME)]);

/** What a component's checksum says of it. */
export type Checksum = "matches" | "differs" | "absent";

/** Reads the checksum of a component and compares. */
export function readChecksum(component: Uint8Array): Checksum {
  const bytes = Buffer.from(component.buffer, component.byteOffset, component.byteLength);
  const start = bytes.byteLength - HEAD.byteLength - HASH_BYTES;
  if (start < 0 || !bytes.subarray(start, start + HEAD.byteLength).equals(HEAD)) return "absent";
  const hash = createHash("sha256").update(bytes.subarray(0, start)).digest();
  return hash.equals(bytes.subarray(start + HEAD.byteLength)) ? "matches" : "differs";
}
