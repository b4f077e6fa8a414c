/**
 * @module A real host of a test: a state directory, a helper, sandboxes, and the plugins that the test names.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import type { Limits } from "../../host/helper/protocol.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { buildFixture } from "../guests/fixtures/build.ts";
import { isBundled, readBundled, sourceOfBundled } from "./bundled.ts";
import { processesOf } from "./processes.ts";
import { until } from "./command.ts";

const FIXTURES = join(import.meta.dirname, "..", "guests", "fixtures");

/** A plugin, and what the operator grants otherwise than its manifest asks. */
export interface TestPlugin {
  /** A bundled type, or a folder of `test/guests/fixtures`. */
  readonly name: string;
  /** Limits that the operator sets. */
  readonly limits?: Partial<Limits>;
  /** Bridges that others made. */
  readonly adopt?: readonly string[];
  /** What the operator grants. @default what the manifest asks for */
  readonly capabilities?: JsonObject;
}

/** How to make the host. */
export interface TestHostOptions {
  readonly plugins?: readonly (TestPlugin | string)[];
  /** @default a new one, removed with the host */
  readonly stateDir?: string;
}

/** A host that is there until it is disposed, with everything of its state directory. */
export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly stateDir: string;
  /** Installs one more plugin, or one again with another grant. */
  install(plugin: TestPlugin | string): Promise<void>;
}

/** Makes a host and installs its plugins. Every process of its is gone when it is disposed, or the test fails. */
export async function createTestHost({ plugins = [], stateDir: given }: TestHostOptions = {}): Promise<TestHost> {
  const folder = given === undefined ? createStateFolder() : undefined;
  const stateDir = given ?? join(folder ?? "", "state");
  const host = await createHost({ stateDir, origin: "test" });
  const install = async (plugin: TestPlugin | string): Promise<void> => {
    const { name, ...granted } = typeof plugin === "string" ? { name: plugin } : plugin;
    await host.install({ component: await componentOf(name), ...granted });
  };
  // Beside each other: most of it is a process of its own that makes code.
  await Promise.all(plugins.map(install));
  return {
    host,
    stateDir,
    install,
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await until("the end of every process of the host", () => processesOf(stateDir).length === 0);
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes the folder of a state directory. The caller removes it. */
export function createStateFolder(): string {
  return mkdtempSync(join(tmpdir(), "cnidaria-t-"));
}

/** Gives the bytes of a bundled plugin or of a fixture. */
export async function componentOf(name: string): Promise<Uint8Array> {
  return isBundled(name) ? readBundled(name) : buildFixture(name);
}

/** Gives the manifest of a bundled plugin or of a fixture. */
export function manifestOf(name: string): JsonObject {
  const folder = isBundled(name) ? sourceOfBundled(name) : join(FIXTURES, name);
  return JSON.parse(readFileSync(join(folder, "grants.json"), "utf8")) as JsonObject;
}

/** Counts the calls of a plugin that are on record. */
export async function countCalls({ host }: Pick<TestHost, "host">, type: string): Promise<number> {
  const rows = await host.log({ limit: 10_000 });
  return rows.filter(({ event, data }) => event === "call" && data.includes(`"type":"${type}"`)).length;
}
