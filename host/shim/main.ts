/**
 * @module What one executable in a CNI_PATH directory runs: CNI's exec protocol in front of a warm host.
 *
 * Arguments: the plugin type, the state directory, and how many seconds a warm host stays. The script that starts it answers
 * VERSION itself and passes on CNI's variables and no others.
 */
import { readFileSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { WarmAnswer } from "../daemon/protocol.ts";
import { readSurroundings, warmSocketPath } from "../daemon/surroundings.ts";
import { parseEnvironment } from "../spec/environment.ts";
import { CniError, isCniError } from "../spec/error.ts";
import { callWarmHost } from "./call.ts";

/** Version that an error is reported in when the configuration names none. */
const FALLBACK_CNI_VERSION = "1.1.0";

/** What the script passes. */
interface ShimArguments {
  readonly type: string;
  readonly stateDir: string;
  readonly lingerSeconds: string;
  /** Folder of this bundle. */
  readonly runtimeDir: string;
}

async function runShim({ type, stateDir, lingerSeconds, runtimeDir }: ShimArguments): Promise<WarmAnswer> {
  const { command, containerId, netns, ifname } = parseEnvironment(process.env);
  const surroundings = readSurroundings();
  const socketPath = warmSocketPath(stateDir, surroundings, basename(runtimeDir));
  const configuration = readStdin();
  const start = async (): Promise<void> => {
    const { startWarmHost } = await import("./start.ts");
    await startWarmHost({ runtimeDir, stateDir, socketPath, lingerSeconds });
  };
  const args = process.env["CNI_ARGS"] ?? "";
  return callWarmHost(
    { surroundings, command, type, containerId, netns, ifname, args, configuration },
    { socketPath, start },
  );
}

let stdin: string | undefined;

/** Reads stdin once. A closed one is empty. */
function readStdin(): string {
  try {
    stdin ??= readFileSync(0, "utf8");
  } catch {
    stdin ??= "";
  }
  return stdin;
}

/** Reports an error as CNI wants it: JSON on stdout, in the version of the configuration, and exit code 1. */
function answerOf(error: unknown): WarmAnswer {
  const known = isCniError(error)
    ? error
    : new CniError("helperFailed", "the shim failed", { details: String(error), cause: error });
  return { exitCode: 1, stdout: `${JSON.stringify(known.toCniJson(readCniVersion()))}\n`, stderr: "" };
}

function readCniVersion(): string {
  try {
    const { cniVersion } = JSON.parse(readStdin()) as { cniVersion?: unknown };
    return typeof cniVersion === "string" && cniVersion !== "" ? cniVersion : FALLBACK_CNI_VERSION;
  } catch {
    return FALLBACK_CNI_VERSION;
  }
}

/** Writes all of a text, also to a pipe that another process made non-blocking. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.byteLength;) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
    }
  }
}

const [type = "", stateDir = "", lingerSeconds = "0"] = process.argv.slice(2);
if ((process.env["CNI_COMMAND"] ?? "") === "") {
  writeAll(2, `CNI plugin ${type}, run by Cnidaria; state in ${stateDir}\n`);
} else {
  void runShim({ type, stateDir, lingerSeconds, runtimeDir: __dirname })
    .catch(answerOf)
    .then(({ exitCode, stdout, stderr }) => {
      writeAll(2, stderr);
      writeAll(1, stdout);
      process.exit(exitCode);
    });
}
