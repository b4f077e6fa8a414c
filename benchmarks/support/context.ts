/**
 * @module What every row of the benchmark gets: a state directory with the bundled plugins installed, a host, and the reference plugins.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createHost, type Host, type JsonObject } from "../../host/index.ts";
import { bundledTypes, readBundled } from "../../test/support/bundled.ts";
import { ensureReferencePlugins } from "./reference.ts";

/** What a row measures with. */
export interface Context extends AsyncDisposable {
  readonly host: Host;
  readonly stateDir: string;
  /** Folder of the reference plugins; `undefined`: not to be had here. */
  readonly referenceFolder: string | undefined;
  /** Fewer samples: for a look, not for a claim. */
  readonly isQuick: boolean;
}

/** Makes a context. Its state directory is removed with it. */
export async function createContext(isQuick: boolean): Promise<Context> {
  const stateDir = mkdtempSync("/var/lib/cnidaria-bench-");
  const host = await createHost({ stateDir, origin: "benchmark" });
  for (const type of bundledTypes()) await host.install({ component: readBundled(type) });
  return {
    host,
    stateDir,
    isQuick,
    referenceFolder: ensureReferencePlugins(),
    [Symbol.asyncDispose]: async () => {
      await host.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** The network that both sides are measured with: a bridge with a gateway, masquerading, addresses from a /16. */
export function bridgeNetwork(name: string, bridge: string, subnet: string, dataDir?: string): JsonObject {
  const store = dataDir === undefined ? {} : { dataDir };
  return {
    cniVersion: "1.0.0",
    name,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        isDefaultGateway: true,
        ipMasq: true,
        ipam: { type: "host-local", ranges: [[{ subnet }]], ...store },
      },
    ],
  };
}

/** Makes the configuration that a runtime would hand to the first plugin of a list. */
export function pluginConfiguration(network: JsonObject): Record<string, unknown> {
  const { cniVersion, name, plugins } = network as {
    cniVersion: string;
    name: string;
    plugins: Record<string, unknown>[];
  };
  return { ...plugins[0], cniVersion, name };
}

/** Tells the versions that a figure belongs to. */
export function environment(): Record<string, string> {
  return {
    node: process.version,
    kernel: execFileSync("uname", ["-r"]).toString().trim(),
    date: new Date().toISOString(),
  };
}
