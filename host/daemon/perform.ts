/**
 * @module Performs one call of the exec protocol on a host, and says what the shim is to print.
 */
import type { Host } from "../index.ts";
import { CniError, isCniError } from "../spec/error.ts";
import { isJsonObject } from "../spec/json.ts";
import type { WarmAnswer, WarmRequest } from "./protocol.ts";

/** Version that an error is reported in when the configuration names none. */
const FALLBACK_CNI_VERSION = "1.1.0";

/** Performs a call, until `signal` says that nobody waits for it. Never rejects: what fails is CNI's error object on stdout, with exit code 1. */
export async function performCall(
  request: WarmRequest,
  host: Pick<Host, "exec">,
  signal?: AbortSignal,
): Promise<WarmAnswer> {
  const { command, type, containerId, netns, ifname, args, configuration } = request;
  let stderr = "";
  const onBegin = (operationId: string): void => {
    stderr = `cnidaria: call ${operationId}\n`;
  };
  try {
    const stdout = await host.exec({
      command,
      type,
      containerId,
      netns,
      ifname,
      args,
      configuration,
      onBegin,
      ...(signal === undefined ? {} : { signal }),
    });
    return { exitCode: 0, stdout: stdout === "" ? "" : `${stdout}\n`, stderr };
  } catch (error) {
    const known = isCniError(error)
      ? error
      : new CniError("helperFailed", "the host failed", { details: String(error), cause: error });
    return { exitCode: 1, stdout: `${JSON.stringify(known.toCniJson(readCniVersion(configuration)))}\n`, stderr };
  }
}

/** Reads the version that an answer is to be in. Does not trust: the text may be anything. */
function readCniVersion(configuration: string): string {
  try {
    const value: unknown = JSON.parse(configuration);
    const version = isJsonObject(value) ? value["cniVersion"] : undefined;
    return typeof version === "string" && version !== "" ? version : FALLBACK_CNI_VERSION;
  } catch {
    return FALLBACK_CNI_VERSION;
  }
}
