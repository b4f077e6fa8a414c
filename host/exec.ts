/**
 * @module One call of the exec protocol: one plugin and its IPAM plugin.
 */
import type { ExecRequest } from "./api.ts";
import { add } from "./operations/add.ts";
import { check } from "./operations/check.ts";
import { del } from "./operations/del.ts";
import type { InvocationInput } from "./operations/invocation.ts";
import type { KnownAnswers } from "./operations/known-answers.ts";
import { status } from "./operations/status.ts";
import type { WithBackend } from "./operations/status.ts";
import { parseCniArguments } from "./spec/arguments.ts";
import { CniError } from "./spec/error.ts";

/** What a call is made with. */
export interface ExecParts {
  readonly withBackend: WithBackend;
  /** What plugins answered to STATUS. */
  readonly known: KnownAnswers;
  /** What every invocation of this host has. */
  readonly surroundings: Pick<InvocationInput, "origin" | "nowMicroseconds" | "legacyDeadlineMs">;
}

/**
 * Performs the call and gives what goes to stdout; `""`: nothing.
 * @throws {CniError} invalidEnvironment for another verb; as the verbs do.
 */
export async function execPlugin(parts: ExecParts, request: ExecRequest): Promise<string> {
  const { withBackend, known } = parts;
  const input = inputOf(parts, request);
  switch (request.command) {
    case "ADD":
      return withBackend(async (backend) => JSON.stringify((await add(backend, input)).result));
    case "DEL":
      await withBackend((backend) => del(backend, input));
      return "";
    case "CHECK":
      await withBackend((backend) => check(backend, input));
      return "";
    case "STATUS":
      await status(withBackend, input, known);
      return "";
    case "GC":
      // As the reference plugins, which answer GC and do nothing.
      return "";
    default:
      throw new CniError("invalidEnvironment", `unknown CNI_COMMAND: ${request.command}`);
  }
}

function inputOf(
  { surroundings }: ExecParts,
  { command: _verb, args, configuration, ...request }: ExecRequest,
): InvocationInput {
  return {
    ...request,
    ...surroundings,
    network: configuration,
    args: parseCniArguments(args),
    // The runtime has put them into the configuration already.
    runtimeConfig: {},
  };
}
