/**
 * @module Shims of a state directory whose warm host has a helper that follows the plan of a test.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import type { AttachmentRequest, Host } from "../../host/index.ts";
import { installShims } from "../../host/shim/install.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { CRASH_BUNDLES } from "./bundles.ts";
import { writeShimPid } from "./plan.ts";
import { everyProcessOf } from "./remains.ts";
import type { Outcome } from "./served-host.ts";

/** Longer than the pauses of a test. */
const LINGER_SECONDS = 600;

/** Calls shims of the bridge. */
export interface Shims {
  readonly call: (verb: "add" | "del" | "check", request: AttachmentRequest) => Promise<Outcome>;
  /** Ends the warm host. */
  readonly end: () => void;
}

/** Installs them. */
export async function installCrashShims(stateDir: string, host: Host): Promise<Shims> {
  const binDir = join(dirname(stateDir), "bin");
  installShims({
    stateDir,
    binDir,
    bundleDir: CRASH_BUNDLES,
    nodePath: process.execPath,
    types: await host.list(),
    lingerSeconds: LINGER_SECONDS,
    isNativeWanted: true,
  });
  let previous: JsonObject | undefined;
  const call: Shims["call"] = async (verb, { network, containerId, netns, ifname }) => {
    const env = {
      CNI_COMMAND: verb.toUpperCase(),
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: ifname,
      CNI_PATH: binDir,
    };
    const { plugins, name, cniVersion } = network as JsonObject & { readonly plugins: readonly JsonObject[] };
    const prevResult = verb === "add" || previous === undefined ? {} : { prevResult: previous };
    const child = spawn(join(binDir, "bridge"), [], { env, stdio: ["pipe", "pipe", "ignore"] });
    writeShimPid(stateDir, child.pid ?? 0);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify({ ...plugins[0], name, cniVersion, ...prevResult }));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    if (signal !== null) return "killed";
    if (code === 0 && verb === "add") previous = JSON.parse(output) as JsonObject;
    return code === 0 ? "ok" : "error";
  };
  const end = (): void => {
    for (const { pid, command } of everyProcessOf(stateDir))
      if (command.includes("warm-host.mjs")) process.kill(pid, "SIGTERM");
  };
  return { call, end };
}
