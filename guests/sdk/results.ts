/**
 * @module The result that a request brings along.
 */
import type { AttachmentResult, Request } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail } from "./errors.ts";

/**
 * Gives the result of the plugins before a chained one.
 * @throws {PluginFailure} code 7 without one.
 */
export function resultBefore({ previousResult }: Request): AttachmentResult {
  if (previousResult !== undefined) return previousResult;
  return fail(
    CODES.invalidNetworkConfig,
    "the result of the plugins before is needed: prevResult is missing",
    "the plugin comes after one that makes the link, and CHECK needs the result of ADD",
  );
}

/**
 * Gives the result of ADD, for CHECK.
 * @throws {PluginFailure} code 7 without one.
 */
export function resultOfAdd({ previousResult }: Request): AttachmentResult {
  return previousResult ?? fail(CODES.invalidNetworkConfig, "CHECK needs the result of ADD: prevResult is missing");
}
