/**
 * @module Takes over the addresses of the reference plugin host-local: each becomes a lease, and nobody else gets it.
 */
import { readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { ControlMethods, LeaseRow } from "../../helper/protocol.ts";
import { CniError, isCniError } from "../../spec/error.ts";
import { parseNetworkName } from "../../spec/names.ts";
import { readNetwork } from "./read-network.ts";
import type { SkippedFile, StoreReading } from "./read-network.ts";

/** Where host-local keeps its networks, unless `ipam.dataDir` says otherwise. */
export const DEFAULT_STORE_DIR = "/var/lib/cni/networks";
/** Addresses that the helper is given in one request, each request a transaction. */
const CHUNK = 10_000;

/** What to take over. */
export interface ImportLeasesRequest {
  /** Directory that has a folder for each network; absolute. @default "/var/lib/cni/networks" */
  readonly dir?: string;
  /** Names of networks. @default every folder of the directory */
  readonly networks?: readonly string[];
}

/** What became of one network. */
export interface ImportReport {
  readonly network: string;
  /** Leases that are new. */
  readonly imported: number;
  /** Leases that were there already, of the same attachment. */
  readonly present: number;
  /** What was not taken over, and why: files that say nothing, addresses that another attachment has a lease of. */
  readonly skipped: readonly SkippedFile[];
}

type Import = (params: ControlMethods["import-leases"]["params"]) => Promise<ControlMethods["import-leases"]["result"]>;

/**
 * Takes over one network after the other. Again changes nothing. What is odd is skipped and reported, and never followed.
 * @throws {CniError} ioFailure when the directory or a network that was named cannot be read; tryAgainLater when one is locked by others.
 */
export async function importLeases(
  { dir = DEFAULT_STORE_DIR, networks }: ImportLeasesRequest,
  send: Import,
): Promise<readonly ImportReport[]> {
  if (!isAbsolute(dir)) throw new CniError("invalidEnvironment", `${JSON.stringify(dir)} is not an absolute path`);
  for (const network of networks ?? []) parseNetworkName(network);
  const reports: ImportReport[] = [];
  for (const network of networks ?? foldersOf(dir)) {
    const reading = networks === undefined ? tryToRead(dir, network) : readNetwork(join(dir, network));
    reports.push(await importNetwork(network, reading, send));
  }
  return reports;
}

/** Reads a network that nobody named: what is none is skipped. */
function tryToRead(dir: string, network: string): StoreReading {
  try {
    parseNetworkName(network);
    return readNetwork(join(dir, network));
  } catch (error) {
    if (!isCniError(error) || error.kind === "tryAgainLater" || error.kind === "missingFeature") throw error;
    return { leases: [], cursors: [], skipped: [{ file: network, why: error.message }] };
  }
}

function foldersOf(dir: string): readonly string[] {
  try {
    return readdirSync(dir).toSorted();
  } catch (cause) {
    throw new CniError("ioFailure", `${JSON.stringify(dir)} cannot be read`, {
      details: `want the directory in which host-local keeps its networks; ${String(cause)}`,
      cause,
    });
  }
}

async function importNetwork(
  network: string,
  { leases, cursors, skipped }: StoreReading,
  send: Import,
): Promise<ImportReport> {
  const all = [...skipped];
  let [imported, present] = [0, 0];
  for (let from = 0; from < leases.length; from += CHUNK) {
    const answer = await send({ network, leases: leases.slice(from, from + CHUNK), cursors });
    imported += answer.imported;
    present += answer.present;
    all.push(...answer.conflicts.map(skippedFor));
  }
  return { network, imported, present, skipped: all };
}

function skippedFor({ address, containerId, ifname }: LeaseRow): SkippedFile {
  return { file: address, why: `leased to ${containerId}${ifname === "" ? "" : ` ${ifname}`}, which keeps it` };
}
