/**
 * @module Where a component's manifest comes from.
 */
import { isDeepStrictEqual } from "node:util";
import { parseManifest, type Manifest } from "../grants/grant.ts";
import { CniError } from "../spec/error.ts";
import { MANIFEST_SECTION } from "./component.ts";

/** Longest manifest in bytes. */
const MANIFEST_MAX_BYTES = 256 * 1024;

/**
 * Gives the manifest of a component: the one inside it, else the one that lies beside it. Where there are both they must agree,
 * so that what an operator reads in the file is what the component asks for.
 * @throws {CniError} componentRejected when there is none, one is not valid, or they differ.
 */
export function parseManifestOf(embedded: Uint8Array | undefined, beside: unknown): Manifest {
  const inside = embedded === undefined ? undefined : parseManifest(parseJson(embedded));
  const outside = beside === undefined ? undefined : parseManifest(beside);
  if (inside !== undefined && outside !== undefined && !isDeepStrictEqual(inside, outside)) {
    throw new CniError("componentRejected", "the manifest in the component and the one beside it differ");
  }
  const manifest = inside ?? outside;
  if (manifest !== undefined) return manifest;
  throw new CniError("componentRejected", "the component has no manifest", {
    details: `want a custom section ${JSON.stringify(MANIFEST_SECTION)}, or grants.json beside the component`,
  });
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MANIFEST_MAX_BYTES)
    throw new CniError(
      "componentRejected",
      `the manifest has ${bytes.byteLength} bytes, ${MANIFEST_MAX_BYTES} permitted`,
    );
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CniError("componentRejected", "the manifest is not JSON", { cause });
  }
}
