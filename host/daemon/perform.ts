/**
 * @module Performs one call of the exec protocol on a host, and says what the shim is to print.
 */
import type { ExecRequest, Host } from "../index.ts";
import { parseEnvironment } from "../spec/environment.ts";
import { errorAnswer } from "./error-answer.ts";
import type { WarmAnswer, WarmRequest } from "./protocol.ts";

/** Trace context. Source: libcni, which sets them when a span is active; W3C Trace Context and Baggage. */
const TRACE_VARIABLES = ["TRACEPARENT", "TRACESTATE", "BAGGAGE"] as const;

/** Performs a call, until `signal` says that nobody waits for it. Never rejects: what fails is CNI's error object on stdout, with exit code 1. */
export async function performCall(
  request: WarmRequest,
  host: Pick<Host, "exec">,
  signal?: AbortSignal,
): Promise<WarmAnswer> {
  let stderr = "";
  const onBegin = (operationId: string): void => {
    stderr = `cnidaria: call ${operationId}\n`;
  };
  try {
    const stdout = await host.exec({
      ...readExecRequest(request),
      onBegin,
      ...(signal === undefined ? {} : { signal }),
    });
    return { exitCode: 0, stdout: stdout === "" ? "" : `${stdout}\n`, stderr };
  } catch (error) {
    return errorAnswer(error, request.configuration, stderr);
  }
}

/**
 * Makes a host's request of the variables. It checks them here as well as in the Node shim: the native one checks nothing.
 * @throws {CniError} invalidEnvironment as `parseEnvironment`.
 */
function readExecRequest({ type, variables, configuration }: WarmRequest): ExecRequest {
  const { command, containerId, netns, ifname, path } = parseEnvironment(variables);
  const value = (name: string): string => variables[name] ?? "";
  const within = value("CNIDARIA_WITHIN");
  return {
    command,
    type,
    containerId,
    netns,
    ifname,
    args: value("CNI_ARGS"),
    configuration,
    // A relative folder would be another one in this process.
    pluginDirs: path.split(":").filter((folder) => folder.startsWith("/")),
    trace: Object.fromEntries(TRACE_VARIABLES.map((name) => [name, value(name)]).filter(([, text]) => text !== "")),
    netnsOverride: isTrue(value("CNI_NETNS_OVERRIDE")),
    ...(within === "" ? {} : { within }),
  };
}

/**
 * Reads CNI_NETNS_OVERRIDE as libcni's skel does. It is for legacy executables, which get it passed on: the helper's refusal of the
 * node's own namespace stands, since a variable of the caller's must not lift what no grant can.
 */
function isTrue(text: string): boolean {
  return text === "1" || text.toUpperCase() === "TRUE";
}
