/**
 * @module One call of the exec protocol: one plugin and its IPAM plugin.
 */
import type { ExecRequest } from "./api.ts";
import type { InstalledPlugin } from "./helper/protocol.ts";
import { add } from "./operations/add.ts";
import type { Backend } from "./operations/backend.ts";
import { check } from "./operations/check.ts";
import { del } from "./operations/del.ts";
import type { InvocationInput } from "./operations/invocation.ts";
import { parseCniArguments } from "./spec/arguments.ts";
import { CniError } from "./spec/error.ts";

/** What a call is made with. */
export interface ExecParts {
  readonly backend: Backend;
  readonly plugins: () => Promise<readonly InstalledPlugin[]>;
  /** What every invocation of this host has. */
  readonly surroundings: Pick<InvocationInput, "origin" | "nowMicroseconds" | "legacyDeadlineMs">;
}

/**
 * Performs the call and gives what goes to stdout; `""`: nothing.
 * @throws {CniError} invalidEnvironment for another verb; pluginUnavailable on STATUS when the type is not installed; as the verbs do.
 */
export async function execPlugin(parts: ExecParts, request: ExecRequest): Promise<string> {
  const { backend } = parts;
  switch (request.command) {
    case "ADD":
      return JSON.stringify((await add(backend, inputOf(parts, request))).result);
    case "DEL":
      await del(backend, inputOf(parts, request));
      return "";
    case "CHECK":
      await check(backend, inputOf(parts, request));
      return "";
    case "STATUS":
      await checkInstalled(parts, request.type);
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

async function checkInstalled({ plugins }: ExecParts, type: string): Promise<void> {
  const installed = (await plugins()).some((plugin) => plugin.type === type);
  if (!installed) throw new CniError("pluginUnavailable", `plugin ${JSON.stringify(type)} is not installed`);
}
