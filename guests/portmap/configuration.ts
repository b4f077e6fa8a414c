/**
 * @module The configuration of the plugin `portmap`.
 */
import type { SourceTranslation } from "cnidaria:plugin/host-ports@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { type Fields, invalid, parseConfiguration, quote } from "../sdk/configuration.ts";
import { CODES, fail } from "../sdk/index.ts";

/** What a network's configuration asks of one attachment. */
export interface PortmapConfiguration {
  /** Whose packets get the node's address. */
  readonly sourceTranslation: SourceTranslation;
}

/**
 * Reads what ADD and CHECK need.
 * @throws {PluginFailure} code 2 for a field that is not supported, 6 for one of another type, 7 for a backend that nobody knows.
 */
export function readPortmapConfiguration(request: Request): PortmapConfiguration {
  const fields = parseConfiguration(request.configuration);
  refuseUnsupported(fields);
  const masqAll = fields.flag("masqAll");
  const snat = fields.has("snat") ? fields.flag("snat") : true;
  if (!snat) return { sourceTranslation: "none" };
  return { sourceTranslation: masqAll ? "all" : "local" };
}

function refuseUnsupported(fields: Fields): void {
  const backend = fields.text("backend");
  if (backend === "iptables")
    refuse(fields, "backend", 'ports are published by nftables; leave it out, or say "nftables"');
  if (backend !== undefined && backend !== "nftables") invalid("backend", '"nftables"', backend);
  if (fields.has("markMasqBit")) refuse(fields, "markMasqBit", "nftables needs no mark; leave it out");
  if (fields.text("externalSetMarkChain") !== undefined)
    refuse(fields, "externalSetMarkChain", "nftables knows no chains of iptables; leave it out");
  for (const key of ["conditionsV4", "conditionsV6"]) {
    if ((fields.texts(key) ?? []).length > 0) refuse(fields, key, "rule text is never handed on; leave it out");
  }
}

/** Refuses a field whatever its value: 0 and false ask for something here. */
function refuse(fields: Fields, key: string, why: string): never {
  return fail(CODES.unsupportedField, `${fields.pathOf(key)}: ${quote(fields.raw(key))} is not supported: ${why}`);
}
