/**
 * @module Entry of a warm host: a host that a shim left behind, for the next calls in the same namespaces.
 *
 * Arguments: state directory, seconds to stay without a call, socket path. Descriptor 3: told "ready" once this process, or
 * another one, listens; then closed. It takes the name first, starts the helper next, and loads the rest while the helper starts.
 */
import { closeSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startHelper } from "../helper/client.ts";
import type { HelperClient } from "../helper/client.ts";
import type { Host } from "../index.ts";
import { createCallServer } from "./call-server.ts";
import { listenOnce } from "./listen.ts";
import { performCall } from "./perform.ts";
import { readSurroundings } from "./surroundings.ts";

/** Descriptor on which the shim waits. */
const READY_FD = 3;
/** How long one that was never called stays: whoever started it is about to call. */
const FIRST_LINGER_MS = 10_000;

const bundleDir = import.meta.dirname;

function tell(text: string): void {
  writeSync(READY_FD, text);
  closeSync(READY_FD);
}

interface WarmHostOptions {
  readonly stateDir: string;
  readonly lingerMs: number;
}

/** Loads the host while the helper starts. */
async function openWarmHost({ stateDir, lingerMs }: WarmHostOptions): Promise<Host> {
  const helperEntry = join(bundleDir, "helper.mjs");
  const helper: Promise<HelperClient> = startHelper({ stateDir, nodePath: process.execPath, helperEntry });
  // Whoever calls is told why it failed.
  helper.catch(() => undefined);
  const { createHostWith } = await import("../host.ts");
  // One that ends with its call serves no other plugin of the chain.
  return createHostWith({ stateDir, bundleDir, origin: "shim" }, { helper, isWarmed: lingerMs > 0 });
}

async function main([stateDir = "", lingerSeconds = "0", socketPath = ""]: readonly string[]): Promise<void> {
  const options = { stateDir, lingerMs: Number(lingerSeconds) * 1000 };
  let host: Promise<Host> | undefined;
  const { server, idle } = createCallServer({
    surroundings: readSurroundings(),
    lingerMs: options.lingerMs,
    firstLingerMs: FIRST_LINGER_MS,
    perform: async (request, signal) => performCall(request, await (host ??= openWarmHost(options)), signal),
  });
  const listening = await listenOnce(server, socketPath);
  if (listening === undefined) {
    tell("ready\n");
    process.exit(0);
  }
  host = openWarmHost(options);
  tell("ready\n");
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  await Promise.race([idle, stopped]);
  // The name goes first: whoever connects afterwards starts another one, and whoever is connected is served.
  listening.unlink();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await (await host).close();
  process.exit(0);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  try {
    tell(`${error instanceof Error ? error.message : String(error)}\n`);
  } catch {
    // The shim is gone, or was told already.
  }
  process.exit(1);
});
