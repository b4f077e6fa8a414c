/**
 * @module What one executable in a CNI_PATH directory runs: CNI's exec protocol in front of a warm host.
 *
 * Arguments: the plugin type, the state directory, how many seconds a warm host stays, and, from the native shim alone, the name of
 * a failure that is to be told. Whoever starts it, script or native shim, answers VERSION itself and passes on CNI's variables and no others.
 */
import { basename } from "node:path";
import { errorAnswer } from "../daemon/error-answer.ts";
import { CONFIGURATION_MAX_BYTES, PASSED_VARIABLES } from "../daemon/protocol.ts";
import type { WarmAnswer } from "../daemon/protocol.ts";
import { readSurroundings, warmSocketPath } from "../daemon/surroundings.ts";
import { parseEnvironment } from "../spec/environment.ts";
import { asUnavailable } from "../spec/unavailable.ts";
import { callWarmHost } from "./call.ts";
import { failureOf, isFailure } from "./failure.ts";
import { readAll, writeAll } from "./standard-streams.ts";

/** What the shim is started with. */
interface ShimArguments {
  readonly type: string;
  readonly stateDir: string;
  readonly lingerSeconds: string;
  /** Name of the failure that the native shim met; `""`: none. */
  readonly failure: string;
  /** Folder of this bundle. */
  readonly runtimeDir: string;
}

/** Answers one call. Never rejects. */
async function runShim(shim: ShimArguments): Promise<WarmAnswer> {
  const stdin = readAll(0, CONFIGURATION_MAX_BYTES);
  const configuration = stdin.toString("utf8");
  try {
    parseEnvironment(process.env);
    if (stdin.byteLength > CONFIGURATION_MAX_BYTES) throw failureOf("too-long");
    if (isFailure(shim.failure)) throw failureOf(shim.failure);
    return await call(shim, configuration);
  } catch (error) {
    // That nobody can serve is an answer to STATUS.
    return errorAnswer(process.env["CNI_COMMAND"] === "STATUS" ? asUnavailable(error) : error, configuration);
  }
}

function call(
  { type, stateDir, lingerSeconds, runtimeDir }: ShimArguments,
  configuration: string,
): Promise<WarmAnswer> {
  const surroundings = readSurroundings();
  const socketPath = warmSocketPath(stateDir, surroundings, basename(runtimeDir));
  const start = async (): Promise<void> => {
    const { startWarmHost } = await import("./start.ts");
    await startWarmHost({ runtimeDir, stateDir, socketPath, lingerSeconds });
  };
  return callWarmHost({ surroundings, type, variables: passedVariables(), configuration }, { socketPath, start });
}

function passedVariables(): Readonly<Record<string, string>> {
  const set = PASSED_VARIABLES.map((name): [string, string] => [name, process.env[name] ?? ""]);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}

const [type = "", stateDir = "", lingerSeconds = "0", failure = ""] = process.argv.slice(2);
if ((process.env["CNI_COMMAND"] ?? "") === "") {
  writeAll(2, `CNI plugin ${type}, run by Cnidaria; state in ${stateDir}\n`);
} else {
  void runShim({ type, stateDir, lingerSeconds, failure, runtimeDir: __dirname }).then(
    ({ exitCode, stdout, stderr }) => {
      writeAll(2, stderr);
      writeAll(1, stdout);
      process.exit(exitCode);
    },
  );
}
