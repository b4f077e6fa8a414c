/**
 * @module What an operator does with components, on the state directory of a host.
 */
import type { InstallPlan } from "./api.ts";
import type { InstallRequest } from "./requests.ts";
import { readChecksum } from "./components/checksum.ts";
import { commitInstall, planInstall } from "./components/install.ts";
import { layoutOf } from "./components/layout.ts";
import { readPresentGrant, revoke, uninstall } from "./components/store.ts";
import { transpileOver } from "./components/transpile-client.ts";
import type { Transpile } from "./components/transpile-protocol.ts";
import { describeGrant } from "./grants/arithmetic.ts";
import type { Change } from "./grants/arithmetic.ts";
import { parseCapabilities } from "./grants/grant.ts";
import type { HelperClient } from "./helper/client.ts";
import { PROTOCOL_VERSION } from "./helper/protocol.ts";
import type { Digest, InstalledPlugin } from "./helper/protocol.ts";
import type { Pool } from "./sandbox/pool.ts";
import { CniError } from "./spec/error.ts";

/** What an installation works with. */
export interface InstallationParts {
  readonly stateDir: string;
  readonly client: Pick<HelperClient, "request" | "openChannel">;
  readonly pool: Pick<Pool, "retire">;
}

/** Says what an installation would do, and can do it. Throws what `planInstall` of components does. */
export async function planInstallation(parts: InstallationParts, request: InstallRequest): Promise<InstallPlan> {
  const { stateDir, client, pool } = parts;
  const checksum = readChecksum(request.component);
  if (checksum === "differs") {
    throw new CniError("componentRejected", "the component was changed after it was built", {
      details: "its checksum says so",
    });
  }
  const plan = await planInstall({
    stateDir,
    component: request.component,
    digest: request.digest,
    manifest: request.manifest,
    capabilities: request.capabilities === undefined ? undefined : parseCapabilities(request.capabilities),
    adopt: request.adopt,
    limits: request.limits,
  });
  const { manifest, digest, grant, replaces, changes } = plan;
  return {
    type: manifest.type,
    digest,
    version: manifest.version,
    description: manifest.description,
    isVerified: checksum === "matches" || request.digest !== undefined,
    grants: describeGrant(grant),
    differences:
      replaces === undefined ? undefined : [...describeDigests(replaces, digest), ...changes.map(describeChange)],
    commit: async () => {
      await commitInstall(plan, transpilerOf(client));
      for (const changed of [digest, replaces]) if (changed !== undefined) pool.retire(changed);
      await client.request("remove-unused", {});
      return installedPlugin(client, manifest.type);
    },
  };
}

/** Makes a type unknown. @throws {CniError} unknownPlugin when it is not installed. */
export async function uninstallType({ stateDir, client }: InstallationParts, type: string): Promise<void> {
  await uninstall(stateDir, type);
  await client.request("remove-unused", {});
}

/** Takes the grant of a type's component away. @throws {CniError} unknownPlugin when it is not installed. */
export async function revokeType({ stateDir, client, pool }: InstallationParts, type: string): Promise<void> {
  const present = await readPresentGrant(layoutOf(stateDir), type);
  if (present === undefined) throw new CniError("unknownPlugin", `plugin ${JSON.stringify(type)} is not installed`);
  await revoke(stateDir, present.digest);
  pool.retire(present.digest);
  await client.request("remove-unused", {});
}

/** Transpiles in a throw-away process of the helper's. */
function transpilerOf(client: InstallationParts["client"]): Transpile {
  return async (component, { memoryBytes }) => {
    const channel = await client.openChannel({ role: "transpiler", protocol: PROTOCOL_VERSION });
    return transpileOver(channel, component, memoryBytes);
  };
}

async function installedPlugin(client: InstallationParts["client"], type: string): Promise<InstalledPlugin> {
  const { plugins } = await client.request("list-plugins", {});
  const found = plugins.find((plugin) => plugin.type === type);
  if (found === undefined)
    throw new CniError("helperFailed", `plugin ${JSON.stringify(type)} is not there after its installation`);
  return found;
}

function describeDigests(before: Digest, after: Digest): string[] {
  return before === after ? [] : [`component: ${before} → ${after}`];
}

function describeChange({ severity, subject, before, after }: Change): string {
  const show = (lines: readonly string[]): string => lines.join("; ") || "nothing";
  return `${severity}: ${subject}: ${show(before)} → ${show(after)}`;
}
