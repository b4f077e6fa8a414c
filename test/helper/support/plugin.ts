/**
 * @module Installs a plugin without a component: its code is text that the fake sandbox echoes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { digestOf, sha256Hex } from "../../../host/components/digest.ts";
import { foldersOf, layoutOf } from "../../../host/components/layout.ts";
import { parseGrant } from "../../../host/grants/grant.ts";
import type { Digest } from "../../../host/helper/protocol.ts";

/** What a test grants. */
export interface TestPlugin {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly exports?: readonly string[];
  readonly hostCalls?: number;
}

const CODE = "export {};\n";
export const KEY = "key";

/** Writes component, grant and type; gives the digest. */
export function installTestPlugin(stateDir: string, plugin: TestPlugin): Digest {
  const { type, capabilities = {}, exports = ["attachment"], hostCalls = 100 } = plugin;
  const layout = layoutOf(stateDir);
  for (const folder of foldersOf(layout)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const digest = digestOf(Buffer.from(JSON.stringify(plugin)));
  const grant = parseGrant({
    version: 1,
    type,
    digest,
    pluginVersion: "1.0.0",
    exports,
    capabilities: Object.fromEntries(Object.entries(capabilities)),
    wasi: false,
    limits: { memoryBytes: 1 << 20, deadlineMs: 10_000, hostCalls, logBytes: 1024, resultBytes: 1024 },
    cniVersions: ["1.1.0"],
    transpiled: { key: KEY, files: { "component.js": sha256Hex(CODE) } },
    grantedAt: "2000-01-01T00:00:00.000Z",
  });
  const folder = layout.transpiledDir(digest, KEY);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${folder}/component.js`, CODE, { mode: 0o600 });
  writeFileSync(layout.grant(digest), JSON.stringify(grant), { mode: 0o600 });
  writeFileSync(layout.type(type), digest, { mode: 0o600 });
  return digest;
}
