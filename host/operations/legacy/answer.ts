/**
 * @module Judges how a legacy executable ended. Pure. What it wrote is not trusted.
 */

import { CniError, isCniError } from "../../spec/error.ts";
import { isJsonObject, readKey } from "../../spec/json.ts";
import type { JsonObject, JsonValue } from "../../spec/json.ts";
import { parseAddressResult, parseResult } from "../../spec/result-json.ts";
import type { AddressResult, AttachmentResult } from "../../spec/result.ts";
import { plainText } from "../plain-text.ts";
import type { Executed } from "./execute.ts";

/** Longest message and longest details in characters; the rest is cut. */
const MESSAGE_MAX_CHARACTERS = 1_024;
const DETAILS_MAX_CHARACTERS = 8_192;
/** Characters of output that an error shows. */
const SHOWN_CHARACTERS = 200;

/** Whose answer it is. */
export interface Answerer {
  /** Such as `plugin "dhcp"`. */
  readonly who: string;
  /** As CNI_COMMAND spells it. */
  readonly verb: string;
}

/**
 * Gives the JSON value of its stdout when it went well; nothing and `null` are an empty object where the verb has a result.
 * Source: libcni `pkg/invoke/exec.go`, `raw_exec.go`.
 * @throws {CniError} pluginFailed with the executable's own code and text, or, where it gave none, the text of its stderr.
 * @throws {CniError} guestFailed when a signal ended it, or its stdout is no JSON object.
 */
export function judgeAnswer(by: Answerer, { exitCode, signal, stdout, stderr }: Executed): JsonObject {
  if (exitCode === undefined)
    throw new CniError("guestFailed", `${by.who} was ended by ${String(signal)} on ${by.verb}`, detailsOf(stderr));
  const text = stdout.trim();
  if (exitCode !== 0) throw failure(by, { exitCode, text, stderr });
  return parseOutput(by, text);
}

/** Reads a result of any version; one that names none has that of the configuration. @throws {CniError} guestFailed when it is none. */
export function readLegacyResult({ who }: Answerer, value: JsonObject, cniVersion: string): AttachmentResult {
  return understood(who, () => parseResult(versioned(value), cniVersion).result);
}

/** The same for what an IPAM plugin answers. */
export function readLegacyAddresses({ who }: Answerer, value: JsonObject, cniVersion: string): AddressResult {
  return understood(who, () => parseAddressResult(versioned(value), cniVersion));
}

/** An empty version is none. */
function versioned(value: JsonObject): JsonObject {
  if (readKey(value, "cniVersion") !== "") return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key.toLowerCase() !== "cniversion"));
}

function understood<T>(who: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isCniError(error)) throw error;
    const details = [error.message, ...(error.details === undefined ? [] : [error.details])].join("\n");
    throw new CniError("guestFailed", `${who} answered no result that can be understood`, { details, cause: error });
  }
}

function parseOutput(by: Answerer, text: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    // A result is wanted of ADD alone; others may write what they like.
    if (by.verb !== "ADD" && by.verb !== "VERSION") return {};
    const got = text === "" ? "nothing" : JSON.stringify(plainText(text, SHOWN_CHARACTERS));
    throw new CniError("guestFailed", `${by.who} wrote to its stdout what is not JSON on ${by.verb}`, {
      details: `want a result and nothing else; got ${got}`,
      cause,
    });
  }
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  if (by.verb !== "ADD" && by.verb !== "VERSION") return {};
  throw new CniError("guestFailed", `${by.who} answered no JSON object on ${by.verb}`);
}

/** Makes the error of an executable that failed. */
function failure(
  { who, verb }: Answerer,
  { exitCode, text, stderr }: { readonly exitCode: number; readonly text: string; readonly stderr: string },
): CniError {
  if (text === "") {
    const said = plainText(stderr.trim(), MESSAGE_MAX_CHARACTERS);
    return new CniError("pluginFailed", `${who} failed on ${verb}: ${said === "" ? "it did not say why" : said}`, {
      details: `it exited with ${exitCode} and wrote no error to its stdout`,
    });
  }
  const error = parseError(text);
  if (error === undefined) {
    return new CniError("guestFailed", `${who} failed on ${verb}, and its stdout is no error object`, {
      details: [
        `it exited with ${exitCode}; got ${JSON.stringify(plainText(text, SHOWN_CHARACTERS))}`,
        ...stderrLines(stderr),
      ].join("\n"),
    });
  }
  const details = [...(error.details === "" ? [] : [error.details]), ...stderrLines(stderr)].join("\n");
  return new CniError("pluginFailed", error.message, { code: error.code, ...(details === "" ? {} : { details }) });
}

/** Reads an error object. `cniVersion`, which the reference plugins leave out, is not needed. Source: CNI SPEC 1.1.0, section 5, "Error". */
function parseError(
  text: string,
): { readonly code: number; readonly message: string; readonly details: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const [code = 0, message, details = ""] = ["code", "msg", "details"].map((key) => readKey(value, key));
  if (typeof code !== "number" || !Number.isInteger(code) || code < 0) return undefined;
  if (typeof message !== "string" || typeof details !== "string") return undefined;
  return {
    code,
    message: plainText(message, MESSAGE_MAX_CHARACTERS),
    details: plainText(details, DETAILS_MAX_CHARACTERS),
  };
}

function stderrLines(stderr: string): readonly string[] {
  const said = plainText(stderr.trim(), DETAILS_MAX_CHARACTERS);
  return said === "" ? [] : [`stderr: ${said}`];
}

function detailsOf(stderr: string): { readonly details?: string } {
  const [details] = stderrLines(stderr);
  return details === undefined ? {} : { details };
}
