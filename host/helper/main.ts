/**
 * @module The helper: the only privileged process. `helper.mjs --state-dir DIR [--host-local-store DIR|none] [--rebuild-ledger]`, descriptor 3 a pipe to the host.
 *
 * It writes one line of JSON to the pipe, `{"socket": PATH}` when it listens or `{"error": …}`, and ends with the pipe, with the
 * host's connection, or on SIGTERM. Nothing but these is given to it; its environment is not read.
 */
import { Socket } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { CniError } from "../spec/error.ts";
import { passPoint, withinPoints } from "../spec/fault-points.ts";
import { Fence } from "./fenced.ts";
import type { Bundles } from "./fenced.ts";
import { abandonOperations } from "./methods/end-operation.ts";
import { listen, removeDeadSockets } from "./server.ts";
import type { Connection, Listening } from "./server.ts";
import { describeError, serveHost } from "./session.ts";
import { openState } from "./start.ts";
import type { HelperState } from "./state.ts";
import { startUpkeep } from "./upkeep.ts";
import type { Upkeep } from "./upkeep.ts";
import { VERSION } from "./version.ts";

/** Descriptor of the pipe to the host. */
const HOST_PIPE = 3;

/** Has it set a damaged ledger aside. */
const REBUILD = "--rebuild-ledger";

/** How the helper runs. */
export interface RunOptions {
  /** Absolute path. */
  readonly stateDir: string;
  /** See `openHostLocalStore`. */
  readonly hostLocalStore?: string | undefined;
  /** See `StartOptions.isRebuilding`. */
  readonly isRebuilding?: boolean | undefined;
  /** @default the bundles beside the helper's own */
  readonly bundles?: Bundles;
  /** Time in ms since 1970. @default the machine's clock */
  readonly now?: () => number;
}

/** What of a running helper has to be ended. */
interface Running {
  readonly state: HelperState;
  readonly fence: Fence;
  readonly listening: Listening;
  readonly upkeep: Upkeep;
}

/** Runs the helper until the host is gone. Ends the process. */
export async function runHelper(options: RunOptions): Promise<never> {
  process.umask(0o077);
  const pipe = new Socket({ fd: HOST_PIPE });
  const gone = Promise.withResolvers<void>();
  watch(pipe, gone.resolve);
  try {
    const running = await start(options, gone.resolve);
    passPoint("helper.listening");
    pipe.write(`${JSON.stringify({ socket: running.listening.path })}\n`);
    await gone.promise;
    passPoint("helper.end");
    await end(running);
    return process.exit(0);
  } catch (error) {
    await new Promise<void>((done) => pipe.end(`${JSON.stringify({ error: describeError(error) })}\n`, () => done()));
    return process.exit(1);
  }
}

/** Notices that the host is gone, or wants the helper gone. */
function watch(pipe: Socket, onGone: () => void): void {
  pipe.on("error", onGone);
  pipe.on("close", onGone);
  pipe.on("end", onGone);
  pipe.resume();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onGone);
}

async function start(options: RunOptions, onGone: () => void): Promise<Running> {
  const {
    stateDir,
    hostLocalStore,
    isRebuilding,
    bundles = bundlesBeside(import.meta.filename),
    now = Date.now,
  } = options;
  const state = await withinPoints("helper.open-state", "", () =>
    openState({ stateDir, hostLocalStore, isRebuilding, version: VERSION, now }),
  );
  const fence = new Fence(state, bundles);
  let isServing = false;
  const onConnection = (connection: Connection): void => {
    const { socket, opening } = connection;
    if (opening.role === "sandbox") fence.startSandbox(connection, opening);
    else if (opening.role === "transpiler") fence.startTranspiler(connection);
    else if (isServing) socket.destroy();
    else {
      isServing = true;
      void serveHost(state, socket).then(onGone);
    }
  };
  await removeDeadSockets(state.layout.runDir);
  const listening = await listen(`${state.layout.runDir}/helper-${process.pid}.sock`, onConnection);
  return { state, fence, listening, upkeep: startUpkeep(state) };
}

/** The host is gone: so is everything that it began. */
async function end({ state, fence, listening, upkeep }: Running): Promise<void> {
  listening[Symbol.dispose]();
  fence.killAll();
  await abandonOperations(state);
  upkeep.end();
  state.ledger.close();
}

/** A bundle has the others beside it; run from its source, they are in `dist`. */
function bundlesBeside(file: string): Bundles {
  const folder = basename(file).endsWith(".ts") ? resolve(dirname(file), "../../dist") : dirname(file);
  return { sandbox: join(folder, "sandbox.mjs"), transpiler: join(folder, "transpiler.mjs") };
}

/** Reads the command line. Anything but the state directory, host-local's store and the wish for a new ledger is refused. */
export function parseArguments(
  args: readonly string[],
): Pick<RunOptions, "stateDir" | "hostLocalStore"> & { readonly isRebuilding: boolean } {
  const isRebuilding = args.at(-1) === REBUILD;
  const [option, stateDir, ...rest] = isRebuilding ? args.slice(0, -1) : args;
  const hostLocalStore = rest.length === 2 && rest[0] === "--host-local-store" ? rest[1] : undefined;
  const isWhole = rest.length === 0 || hostLocalStore !== undefined;
  if (option !== "--state-dir" || stateDir === undefined || !stateDir.startsWith("/") || !isWhole) {
    throw new CniError(
      "invalidEnvironment",
      `usage: helper.mjs --state-dir DIR [--host-local-store DIR|none] [${REBUILD}]`,
      {
        details: "DIR is an absolute path",
      },
    );
  }
  return { stateDir, hostLocalStore, isRebuilding };
}

if (import.meta.main) await runHelper(parseArguments(process.argv.slice(2)));
