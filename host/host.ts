/**
 * @module Makes a host: the one file that sees every part.
 */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Host, HostOptions } from "./api.ts";
import type { AttachmentRequest, GcRequest } from "./requests.ts";
import { createBackend } from "./backend.ts";
import { cachedAttachment, cachedAttachments, cachedResult } from "./cached.ts";
import { allowLegacy, denyLegacy } from "./components/legacy.ts";
import { execPlugin } from "./exec.ts";
import { createHelperSessions, withLivingHelper } from "./helper-session.ts";
import type { HelperSessions } from "./helper-session.ts";
import { gcAll, startPeriodicGc } from "./gc-all.ts";
import type { Collecting } from "./gc-all.ts";
import { copyLedger, rebuildLedger } from "./ledger-copies.ts";
import { startHelper } from "./helper/client.ts";
import type { HelperClient } from "./helper/client.ts";
import type { InstalledPlugin } from "./helper/protocol.ts";
import { planInstallation, revokeType, uninstallType } from "./installation.ts";
import type { InstallationParts } from "./installation.ts";
import { add } from "./operations/add.ts";
import type { Backend } from "./operations/backend.ts";
import { check } from "./operations/check.ts";
import { del } from "./operations/del.ts";
import { warmRecentPlugins } from "./recent-plugins.ts";
import { importLeases } from "./operations/import-leases/import-leases.ts";
import type { InvocationInput } from "./operations/invocation.ts";
import { gc } from "./operations/gc.ts";
import { KnownAnswers } from "./operations/known-answers.ts";
import { openResultsCache } from "./operations/results-cache/files.ts";
import type { ResultsCache } from "./operations/results-cache/files.ts";
import { status } from "./operations/status.ts";
import type { WithBackend } from "./operations/status.ts";
import { version, versionOfNetwork } from "./operations/version.ts";
import { createPool } from "./sandbox/pool.ts";
import type { Pool } from "./sandbox/pool.ts";
import { CniError, isCniError } from "./spec/error.ts";
import { passPoint } from "./spec/fault-points.ts";
import { parseContainerId, parseIfName } from "./spec/names.ts";
import type { ValidAttachment } from "./spec/valid-attachments.ts";
import { validate } from "./validation.ts";

const MICROSECONDS_PER_MILLISECOND = 1000;
/** Bundle of the helper, in the bundle folder; the others lie beside it. */
const HELPER_BUNDLE = "helper.mjs";

/** What there is while a helper lives. */
interface Connected extends InstallationParts {
  readonly client: HelperClient;
  readonly pool: Pool;
  readonly backend: Backend;
}

/**
 * Makes a host. The helper is started by the first call that needs it, and again by the next call after it died.
 * @throws {CniError} stateUnusable when the state directory's path is not absolute; missingFeature when the bundles are not there.
 */
export async function createHost(options: HostOptions): Promise<Host> {
  return createHostWith(options, undefined);
}

/** A helper that is starting already: a warm host does not wait for its own code before it starts one. */
export interface EarlyHelper {
  readonly helper: Promise<HelperClient>;
  /** Whether sandboxes of the plugins that were called last are started with it. */
  readonly isWarmed: boolean;
}

/** Makes a host, on a helper that is starting already where there is one. */
export function createHostWith(options: HostOptions, early: EarlyHelper | undefined): Host {
  const { stateDir, nodePath = process.execPath, bundleDir = defaultBundleDir(), origin = "library" } = options;
  if (!isAbsolute(stateDir))
    throw new CniError("stateUnusable", `the state directory ${JSON.stringify(stateDir)} is not an absolute path`);
  const surroundings = surroundingsOf(options, origin);
  const helperEntry = join(bundleDir, HELPER_BUNDLE);
  if (!existsSync(helperEntry))
    throw new CniError("missingFeature", `${JSON.stringify(helperEntry)} is not there`, {
      details: 'want the bundles; "npm run build" makes them',
    });

  const sessions = createHelperSessions({
    start: () => startHelper({ stateDir, nodePath, helperEntry, helperArguments: argumentsOf(options) }),
    accompany: (client) => createPool({ client, ...poolSettings(options) }),
    early: early?.helper,
  });
  if (early?.isWarmed === true) void warmWith(sessions);
  const remembered = new Map<string, InstalledPlugin>();
  /** Runs something with a helper; whatever goes wrong is a CniError. */
  const connected = async <T>(body: (parts: Connected) => Promise<T>): Promise<T> => {
    try {
      const answer = await withLivingHelper(sessions, ({ client, companion: pool }) =>
        body({ stateDir, client, pool, backend: createBackend({ client, pool, remembered }) }),
      );
      passPoint("host.answer");
      return answer;
    } catch (error) {
      throw isCniError(error)
        ? error
        : new CniError("helperFailed", "the host failed", { details: String(error), cause: error });
    }
  };
  const withBackend: WithBackend = (body) => connected(({ backend }) => body(backend));
  const calls = {
    ...verbs(connected, surroundings, withBackend),
    ...readCalls(connected),
    ...cacheCalls(connected, surroundings.cache),
  };
  const collecting: Collecting = { ...calls, collect: collectWith(withBackend, surroundings) };
  const periodic = periodicGcOf(options, collecting);
  const close = async (): Promise<void> => {
    periodic?.[Symbol.dispose]();
    await sessions[Symbol.asyncDispose]();
  };
  return {
    ...calls,
    ...collectionCalls(collecting),
    ...operatorCalls(connected),
    exportLedger: async function* exportLedger() {
      // One helper for all of it.
      const { client } = await connected((parts) => Promise.resolve(parts));
      yield* copyLedger(client);
    },
    rebuildLedger: async (request = {}) => {
      const helperArguments = [...argumentsOf(options), "--rebuild-ledger"];
      await using client = await startHelper({ stateDir, nodePath, helperEntry, helperArguments });
      return await rebuildLedger(client, request, surroundings.cache);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function warmWith(sessions: HelperSessions<Pool>): Promise<void> {
  const session = await sessions.open().catch(() => undefined);
  if (session !== undefined) await warmRecentPlugins({ client: session.client, pool: session.companion });
}

function periodicGcOf(
  { gcIntervalMs, validAttachments, onWarning }: HostOptions,
  host: Collecting,
): Disposable | undefined {
  if (gcIntervalMs === undefined) return undefined;
  const onFailure = (error: unknown): void => onWarning?.(error instanceof Error ? error.message : String(error));
  const valid = validAttachments === undefined ? {} : { valid: validAttachments };
  return startPeriodicGc(host, { intervalMs: gcIntervalMs, onFailure, ...valid });
}

/** What the helper is started with, besides the state directory. */
function argumentsOf({ hostLocalStoreDir }: HostOptions): readonly string[] {
  return hostLocalStoreDir === undefined ? [] : ["--host-local-store", hostLocalStoreDir];
}

type Connect = <T>(body: (parts: Connected) => Promise<T>) => Promise<T>;

/** Checks names that a caller gave. Throws as the names do. */
function parseValid(valid: GcRequest["valid"]): readonly ValidAttachment[] {
  return valid.map(({ containerId, ifname }) => ({
    containerId: parseContainerId(containerId),
    ifname: parseIfName(ifname),
  }));
}

/** What every invocation of a host has. */
type Surroundings = Pick<InvocationInput, "origin" | "nowMicroseconds" | "legacyDeadlineMs" | "onWarning" | "cache">;

function surroundingsOf({ legacyDeadlineMs, cacheDir, onWarning }: HostOptions, origin: string): Surroundings {
  return {
    origin,
    nowMicroseconds: () => performance.now() * MICROSECONDS_PER_MILLISECOND,
    ...(legacyDeadlineMs === undefined ? {} : { legacyDeadlineMs }),
    ...(onWarning === undefined ? {} : { onWarning }),
    ...(cacheDir === undefined ? {} : { cache: openResultsCache(cacheDir) }),
  };
}

function verbs(
  connected: Connect,
  surroundings: Surroundings,
  withBackend: WithBackend,
): Pick<Host, "add" | "del" | "check" | "status" | "version" | "validate" | "exec"> {
  const known = new KnownAnswers();
  const inputOf = (request: AttachmentRequest): InvocationInput => ({ ...request, ...surroundings });
  return {
    add: (request) => connected(async ({ backend }) => (await add(backend, inputOf(request))).result),
    del: (request) => connected(async ({ backend }) => void (await del(backend, inputOf(request)))),
    check: ({ repair: isRepairing = false, ...request }) =>
      connected(async ({ backend }) => {
        const report = await check(backend, inputOf(request), { isRepairing });
        return { repaired: report?.repaired ?? [] };
      }),
    status: (request) => status(withBackend, { ...request, ...surroundings }, known),
    exec: (request) => execPlugin({ withBackend, known, surroundings }, request),
    validate: (request) => connected((parts) => validate(parts, request)),
    version: async (network, { pluginDirs = [] } = {}) =>
      network === undefined
        ? version([], undefined)
        : connected(async ({ backend, client }) => {
            const { plugins } = await client.request("list-plugins", {});
            return versionOfNetwork(backend, plugins, { ...surroundings, network, pluginDirs });
          }),
  };
}

function collectWith(withBackend: WithBackend, surroundings: Surroundings): Collecting["collect"] {
  return (request, validOf) =>
    gc(withBackend, { ...request, ...surroundings }, async () => parseValid(await validOf()));
}

function collectionCalls(collecting: Collecting): Pick<Host, "gc" | "gcAll"> {
  return {
    gc: async ({ valid, ...request }) => {
      const parsed = parseValid(valid);
      await collecting.collect(request, async () => parsed);
    },
    gcAll: (request) => gcAll(collecting, request),
  };
}

type OperatorCall =
  | "planInstall"
  | "install"
  | "uninstall"
  | "revoke"
  | "list"
  | "allowLegacy"
  | "denyLegacy"
  | "listLegacy";

function operatorCalls(connected: Connect): Pick<Host, OperatorCall> {
  return {
    planInstall: (request) =>
      connected(async (parts) => {
        const plan = await planInstallation(parts, request);
        return { ...plan, commit: () => connected(() => plan.commit()) };
      }),
    install: (request) => connected(async (parts) => (await planInstallation(parts, request)).commit()),
    uninstall: (type) => connected((parts) => uninstallType(parts, type)),
    revoke: (type) => connected((parts) => revokeType(parts, type)),
    list: () => connected(async ({ client }) => (await client.request("list-plugins", {})).plugins),
    allowLegacy: (type) => connected(({ stateDir }) => allowLegacy(stateDir, type, Date.now())),
    denyLegacy: (type) => connected(({ stateDir }) => denyLegacy(stateDir, type)),
    listLegacy: () => connected(async ({ client }) => (await client.request("list-legacy", {})).types),
  };
}

function cacheCalls(
  connected: Connect,
  cache: ResultsCache | undefined,
): Pick<Host, "cachedResult" | "cachedAttachment" | "cachedAttachments"> {
  return {
    cachedResult: (request) => connected(({ client }) => cachedResult({ client, cache }, request)),
    cachedAttachment: (request) => connected(({ client }) => cachedAttachment({ client, cache }, request)),
    cachedAttachments: (containerId) => connected(({ client }) => cachedAttachments({ client, cache }, containerId)),
  };
}

function readCalls(
  connected: Connect,
): Pick<Host, "log" | "doctor" | "ledger" | "leases" | "attachments" | "importLeases" | "isolation"> {
  return {
    importLeases: (request = {}) =>
      connected(({ client }) => importLeases(request, (params) => client.request("import-leases", params))),
    doctor: ({ repair = false, removeUntold = false } = {}) =>
      connected(({ client }) => client.request("examine", { repair, removeUntold })),
    log: (filter = {}) => connected(async ({ client }) => (await client.request("read-log", filter)).rows),
    ledger: (filter = {}) => connected(async ({ client }) => (await client.request("read-ledger", filter)).rows),
    leases: (filter = {}) => connected(async ({ client }) => (await client.request("read-leases", filter)).rows),
    attachments: (filter = {}) =>
      connected(async ({ client }) => (await client.request("list-attachments", filter)).attachments),
    isolation: () => connected(async ({ client }) => (await client.request("hello", {})).isolation),
  };
}

function poolSettings({ sandboxesPerPlugin, sandboxIdleMs }: HostOptions): {
  readonly maxPerPlugin?: number;
  readonly idleMs?: number;
} {
  return {
    ...(sandboxesPerPlugin === undefined ? {} : { maxPerPlugin: sandboxesPerPlugin }),
    ...(sandboxIdleMs === undefined ? {} : { idleMs: sandboxIdleMs }),
  };
}

/** The folder of the bundle that this is part of; from source, the folder that the bundles are built into. */
function defaultBundleDir(): string {
  return import.meta.filename.endsWith(".ts") ? join(import.meta.dirname, "..", "dist") : import.meta.dirname;
}
