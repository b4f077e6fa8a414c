/**
 * @module Digests of bytes.
 */
import { createHash } from "node:crypto";
import type { Digest } from "../helper/protocol.ts";

/** Digests bytes: `sha256:` and 64 hexadecimal digits. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${sha256Hex(bytes)}`;
}

/** Digests bytes: 64 lower-case hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
