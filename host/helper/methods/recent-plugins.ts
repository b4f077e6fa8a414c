/**
 * @module `list-recent`: the plugins that were called last, as the log has them. Who starts warm has them ready before they are called again.
 */
import { describePlugin, readGrant, readType } from "../plugins.ts";
import type { ControlMethods, InstalledPlugin } from "../protocol.ts";
import type { HelperState } from "../state.ts";

/** Rows of the log that are looked at: a container's ADD and DEL by a chain of four executables are thirty. */
const LOG_ROWS = 64;
/** Most plugins that are named: each is a process of somebody's. */
const PLUGINS_MAX = 8;

/** What the log says of a call. */
interface LoggedCall {
  readonly callId: string | undefined;
  readonly type: string;
  /** Call that asked for it, as its IPAM plugin. */
  readonly parentCallId: string | undefined;
}

/** Lists them as they are installed now: IPAM plugins and who calls them first, which take the longest; then the others, the last one first. */
export function readRecentPlugins(state: HelperState): ControlMethods["list-recent"]["result"] {
  const calls = state.ledger
    .readAudit({ limit: LOG_ROWS })
    .filter(({ event }) => event === "call")
    .map(({ callId, data }): LoggedCall => ({ callId, ...(JSON.parse(data) as Omit<LoggedCall, "callId">) }))
    .toReversed();
  const parents = new Set(calls.map(({ parentCallId }) => parentCallId));
  const ranked = calls.toSorted((left, right) => rankOf(left, parents) - rankOf(right, parents));
  const types = [...new Set(ranked.map(({ type }) => type))].slice(0, PLUGINS_MAX);
  return { plugins: types.flatMap((type) => installedAs(state, type) ?? []) };
}

function rankOf({ callId, parentCallId }: LoggedCall, parents: ReadonlySet<string | undefined>): number {
  if (parentCallId !== undefined) return 0;
  return callId !== undefined && parents.has(callId) ? 1 : 2;
}

function installedAs({ layout }: HelperState, type: string): InstalledPlugin | undefined {
  const digest = readType(layout, type);
  const grant = digest === undefined ? undefined : readGrant(layout, digest);
  return grant === undefined ? undefined : describePlugin(type, grant);
}
