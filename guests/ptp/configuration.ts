/**
 * @module Configuration of the plugin `ptp`.
 */
import type { Dns, PacketFilter, Request } from "cnidaria:plugin/types@0.1.0";

import { readMtu } from "../sdk/addition.ts";
import { parseConfiguration } from "../sdk/configuration.ts";
import { readDeletion } from "../sdk/deletion.ts";
import { readDns } from "../sdk/dns.ts";
import { CODES, fail } from "../sdk/index.ts";
import { readPacketFilter } from "../sdk/packet-filter.ts";

/** What a network's configuration asks of one attachment. */
export interface PtpConfiguration {
  readonly ipMasq: boolean;
  /** What masquerades; `undefined`: the node's choice. */
  readonly ipMasqBackend: PacketFilter | undefined;
  /** `undefined`: the kernel's default. */
  readonly mtuBytes: number | undefined;
  /** Resolver settings that replace those of the IPAM plugin. */
  readonly dns: Dns | undefined;
}

/**
 * Reads what ADD and CHECK need.
 * @throws {PluginFailure} code 6 for a field of another type, 7 without an IPAM plugin or for a value
 *   that cannot be meant.
 */
export function readPtpConfiguration(request: Request): PtpConfiguration {
  const fields = parseConfiguration(request.configuration);
  const ipMasqBackend = readPacketFilter(fields, "ipMasqBackend");
  const { hasIpam, ipMasq } = readDeletion(fields);
  if (!hasIpam)
    fail(
      CODES.invalidNetworkConfig,
      "ipam: want an IPAM plugin's type, got none: an attachment of ptp is its addresses",
    );
  return { ipMasq, ipMasqBackend, mtuBytes: readMtu(fields), dns: readDns(fields) };
}
