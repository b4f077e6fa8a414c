/**
 * @module The environment of a legacy executable. Pure.
 */

import type { Command } from "../../spec/environment.ts";
import type { Invocation } from "../invocation.ts";

/** Trace context that is passed on. Source: libcni, `libcni/api.go`; W3C Trace Context, W3C Baggage. */
const TRACE = ["TRACEPARENT", "TRACESTATE", "BAGGAGE"];
/**
 * Where executables look for tools of the machine, such as iptables. Fixed, for the host's own is nobody's business; the reference plugins
 * find nothing without one. Source: sudo's `secure_path` of Debian.
 */
const TOOLS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What of a request the environment says. */
export type LegacyInvocation = Pick<
  Invocation,
  "operationId" | "containerId" | "netns" | "ifname" | "args" | "pluginDirs" | "trace" | "netnsOverride"
>;

/**
 * Gives CNI's variables, the trace context, and the operation that the call is a part of, for executables of ours that it executes.
 * Nothing of the host's own environment. Source: CNI SPEC 1.1.0, section 2, "Parameters".
 */
export function legacyEnvironment(invocation: LegacyInvocation, verb: Command): Readonly<Record<string, string>> {
  const { operationId, containerId, netns, ifname, args, pluginDirs, trace, netnsOverride } = invocation;
  const passed = TRACE.flatMap((name) => {
    const value = Object.hasOwn(trace, name) ? trace[name] : undefined;
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return {
    PATH: TOOLS,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifname,
    CNI_ARGS: args.map((pair) => pair.join("=")).join(";"),
    CNI_PATH: pluginDirs.join(":"),
    ...(netnsOverride ? { CNI_NETNS_OVERRIDE: "1" } : {}),
    ...Object.fromEntries(passed),
    CNIDARIA_WITHIN: operationId,
  };
}
