/**
 * @module Judges how a guest's call ended. What comes out of a sandbox is not trusted.
 */

import type { EndCall } from "../helper/protocol.ts";
import type { PluginError } from "../helper/sandbox-protocol.ts";
import { CniError } from "../spec/error.ts";
import { formatIpPrefix } from "../spec/ip.ts";
import { danglingInterfaceIndex, readAddressResult, readAttachmentResult } from "../spec/result-check.ts";
import type { AddressResult, AttachmentResult } from "../spec/result.ts";
import type { GuestOutcome, GuestVerb } from "./backend.ts";
import { plainText } from "./plain-text.ts";

/** Longest message of a plugin in characters; the rest is cut. */
const MESSAGE_MAX_CHARACTERS = 1_024;
/** Longest details of a plugin in characters; the rest is cut. */
const DETAILS_MAX_CHARACTERS = 8_192;
/** Code of an error that a plugin gave none. Source: libcni `pkg/types`, `ErrInternal`. */
const CODE_UNKNOWN = 999;

/** How a call ended, judged. `addresses` are those of an IPAM plugin. */
export type Conclusion =
  | { readonly ok: true; readonly result: AttachmentResult | undefined; readonly addresses: AddressResult | undefined }
  | { readonly ok: false; readonly outcome: "error" | "trap" | "killed"; readonly error: CniError };

/** What was called, for the judgement. */
export interface Called {
  readonly type: string;
  readonly export: string;
  readonly verb: GuestVerb;
}

/** Judges the outcome of a call. */
export function concludeCall(called: Called, outcome: GuestOutcome): Conclusion {
  const who = `plugin ${JSON.stringify(called.type)}`;
  if ("err" in outcome && outcome.err !== undefined)
    return { ok: false, outcome: "error", error: pluginError(who, outcome.err) };
  if ("trap" in outcome && outcome.trap !== undefined) {
    return failed(
      "trap",
      new CniError("guestFailed", `${who} trapped on ${called.verb}`, {
        details: plainText(outcome.trap, DETAILS_MAX_CHARACTERS),
      }),
    );
  }
  if ("limit" in outcome && outcome.limit !== undefined) {
    return failed(
      "killed",
      new CniError(
        "limitExceeded",
        `${who} reached a limit on ${called.verb}: ${plainText(outcome.limit, MESSAGE_MAX_CHARACTERS)}`,
      ),
    );
  }
  if (called.verb !== "add") return { ok: true, result: undefined, addresses: undefined };
  return concludeResult(called, who, "ok" in outcome ? outcome.ok : undefined);
}

/** Gives what `end-call` is told. */
export function endingOf(conclusion: Conclusion): Pick<EndCall, "outcome" | "addresses" | "error"> {
  if (!conclusion.ok) {
    const { code, message } = conclusion.error;
    return { outcome: conclusion.outcome, addresses: [], error: { code, message } };
  }
  const ips = conclusion.addresses?.ips ?? [];
  return { outcome: "ok", addresses: ips.map((ip) => formatIpPrefix(ip.address)), error: undefined };
}

function concludeResult(called: Called, who: string, value: unknown): Conclusion {
  const addresses = called.export === "addresses" ? readAddressResult(value) : undefined;
  const result = addresses === undefined ? readAttachmentResult(value) : { interfaces: [], ...addresses };
  if (result === undefined) return failed("error", new CniError("guestFailed", `${who} answered no result`));
  const index = result.interfaces.length === 0 ? undefined : danglingInterfaceIndex(result);
  if (index === undefined) return { ok: true, result, addresses };
  return failed(
    "error",
    new CniError("guestFailed", `${who} answered an address of interface ${index}, of ${result.interfaces.length}`),
  );
}

/** Makes an error of what a plugin answered: its code is kept. Does not trust. */
function pluginError(who: string, error: PluginError): CniError {
  const { code, message, details } = error;
  if (typeof code !== "number" || !Number.isInteger(code) || code < 0 || typeof message !== "string") {
    return new CniError("guestFailed", `${who} answered an error that is none`);
  }
  const text = plainText(message, MESSAGE_MAX_CHARACTERS);
  const options = { code: code === 0 ? CODE_UNKNOWN : code };
  if (typeof details !== "string" || details === "") return new CniError("pluginFailed", text, options);
  return new CniError("pluginFailed", text, { ...options, details: plainText(details, DETAILS_MAX_CHARACTERS) });
}

function failed(outcome: "error" | "trap" | "killed", error: CniError): Conclusion {
  return { ok: false, outcome, error };
}
