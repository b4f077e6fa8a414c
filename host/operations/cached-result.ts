/**
 * @module The result that the last ADD of an attachment left.
 */

import { isCniError } from "../spec/error.ts";
import { parseJsonObject } from "../spec/json.ts";
import { parseResult } from "../spec/result-json.ts";
import type { AttachmentResult } from "../spec/result.ts";
import type { Chain } from "./plugins.ts";

/** Reads the cached result; `undefined`: there is none, or it is broken, which must not keep DEL from its work. */
export function cachedResult({ begun }: Chain): AttachmentResult | undefined {
  const { attachment } = begun;
  if (attachment?.result === undefined) return undefined;
  try {
    return parseResult(parseJsonObject(attachment.result, "the cached result"), attachment.cniVersion).result;
  } catch (error) {
    if (isCniError(error)) return undefined;
    throw error;
  }
}
