/**
 * @module Copies of the ledger, and making it anew.
 */
import type { RebuildRequest } from "./requests.ts";
import type { HelperClient } from "./helper/client.ts";
import type { RebuiltLedger } from "./helper/protocol.ts";
import type { ResultsCache } from "./operations/results-cache/files.ts";
import { CniError } from "./spec/error.ts";

/** Tables of a copy. What the ledger has of them is a line each. */
const TABLES = ["boots", "owned", "shared", "shared_users", "leases", "cursors", "attachments", "audit"] as const;
/** Lines that are sent at a time. */
const LINES_AT_ONCE = 100;

/** Reads the whole ledger, a line of JSON for each row. Calls go on meanwhile: it is no picture of one moment. */
export async function* copyLedger(client: Pick<HelperClient, "request">): AsyncGenerator<string> {
  for (const table of TABLES) {
    for (let offset = 0; ;) {
      const { rows } = await client.request("copy-ledger", { table, offset });
      if (rows.length === 0) break;
      for (const row of rows) yield JSON.stringify(row);
      offset += rows.length;
    }
  }
}

/**
 * Makes the ledger anew, with a helper that was started for it.
 * @throws {CniError} decodingFailure when a line is none of a copy.
 */
export async function rebuildLedger(
  client: Pick<HelperClient, "request">,
  { copy = [] }: RebuildRequest,
  cache: ResultsCache | undefined,
): Promise<RebuiltLedger> {
  let lines: string[] = [];
  const send = async (): Promise<void> => {
    const { refused } = await client.request("restore-ledger", { lines });
    lines = [];
    if (refused > 0) throw new CniError("decodingFailure", `${refused} lines are not of a copy of the ledger`);
  };
  for await (const line of copy) {
    if (line.trim() !== "") lines.push(line);
    if (lines.length === LINES_AT_ONCE) await send();
  }
  if (lines.length > 0) await send();
  const known = (cache?.list() ?? []).map(({ netns, runtimeConfig, result, ...cached }) => ({
    ...cached,
    netns: netns ?? "",
    runtimeConfig: JSON.stringify(runtimeConfig),
    result: JSON.stringify(result),
  }));
  return client.request("rebuild-ledger", { known });
}
