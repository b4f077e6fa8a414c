/**
 * @module `import-leases`: takes over addresses that another program has given out, so that nobody else gets them.
 */
import { randomUUID } from "node:crypto";
import { formatIpAddress, parseIpAddress } from "../../spec/ip.ts";
import { parseContainerId, parseIfName, parseNetworkName } from "../../spec/names.ts";
import type { Lease, TakenOver } from "../ledger/lease-records.ts";
import { importIdOf } from "../ledger/taken-over.ts";
import type { ImportedLease, ImportedLeases, ImportLeases } from "../protocol.ts";
import type { HelperState } from "../state.ts";

/**
 * Makes leases of addresses, in one transaction. Again with the same changes nothing.
 * @throws {CniError} invalidNetworkConfig, invalidEnvironment, unknownContainer for a name or an address that is none; then nothing is changed.
 */
export function importLeases({ ledger }: HelperState, { network, leases, cursors }: ImportLeases): ImportedLeases {
  parseNetworkName(network);
  const operationId = importIdOf(randomUUID());
  const taken = {
    operationId,
    network,
    leases: leases.map(parseLease),
    cursors: cursors.map(({ setIndex, address }) => ({ setIndex, address: parseIpAddress(address) })),
  };
  return ledger.transaction(() => {
    const { imported, present, conflicts } = ledger.leases.takeOver(taken);
    const rows = conflicts.map(rowOf);
    const data = { imported, present, conflicts: rows.map((row) => ({ ...row })) };
    ledger.audit({ network, containerId: "", ifname: "", operationId, event: "import", data });
    ledger.flush();
    return { imported, present, conflicts: rows };
  });
}

function parseLease({ address, containerId, ifname, setIndex }: ImportedLease): TakenOver["leases"][number] {
  return {
    address: parseIpAddress(address),
    containerId: parseContainerId(containerId),
    ifname: ifname === "" ? "" : parseIfName(ifname),
    setIndex,
  };
}

function rowOf({ address, network, containerId, ifname, setIndex }: Lease): ImportedLeases["conflicts"][number] {
  return { address: formatIpAddress(address), network, containerId, ifname, setIndex };
}
