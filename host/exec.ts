/**
 * @module One call of the exec protocol: one plugin and its IPAM plugin.
 */
import type { ExecRequest } from "./requests.ts";
import { add } from "./operations/add.ts";
import { check } from "./operations/check.ts";
import { del } from "./operations/del.ts";
import { gc } from "./operations/gc.ts";
import type { InvocationInput } from "./operations/invocation.ts";
import type { KnownAnswers } from "./operations/known-answers.ts";
import { status } from "./operations/status.ts";
import type { WithBackend } from "./operations/status.ts";
import { parseCniArguments } from "./spec/arguments.ts";
import { parseNetworkConfiguration } from "./spec/configuration.ts";
import { CniError } from "./spec/error.ts";
import { parseJsonObject } from "./spec/json.ts";
import { parseValidAttachments } from "./spec/valid-attachments.ts";
import type { ValidAttachment } from "./spec/valid-attachments.ts";
import { VERB_SINCE, isAtLeast } from "./spec/version.ts";

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
    case "GC": {
      const valid = readValid(input);
      if (valid !== undefined) await gc(withBackend, input, async () => valid);
      return "";
    }
    default:
      throw new CniError("invalidEnvironment", `unknown CNI_COMMAND: ${request.command}`);
  }
}

/**
 * Reads which attachments a runtime says are in use. `undefined`: it says nothing, and nothing is collected. cnitool's `gc` is such a
 * call, of which the reference plugins take no notice, after a DEL of all that libcni knows; nobody means "everything" by it.
 * @throws {CniError} incompatibleCniVersion below 1.1.0, decodingFailure when the list is none.
 */
function readValid({ network }: Pick<InvocationInput, "network">): readonly ValidAttachment[] | undefined {
  const { cniVersion } = parseNetworkConfiguration(network);
  if (!isAtLeast(cniVersion, VERB_SINCE.GC)) {
    throw new CniError(
      "incompatibleCniVersion",
      `configuration version ${JSON.stringify(cniVersion)} does not support GC`,
      {
        details: `want ${VERB_SINCE.GC} or newer`,
      },
    );
  }
  return parseValidAttachments(parseJsonObject(String(network), "the network configuration"));
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
