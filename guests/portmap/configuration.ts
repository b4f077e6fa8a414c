/**
 * @module The configuration of the plugin `portmap`.
 */
import type { PublishOptions } from "cnidaria:plugin/host-ports@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { type Fields, invalid, parseConfiguration, quote } from "../sdk/configuration.ts";
import { CODES, fail } from "../sdk/index.ts";
import { readConditions } from "./conditions.ts";

/**
 * Reads what ADD and CHECK need: how ports are published.
 * @throws {PluginFailure} code 2 for a field that is not supported, 6 for one of another type, 7 for a backend that nobody knows, and for
 * conditions that are not understood.
 */
export function readPortmapConfiguration(request: Request): PublishOptions {
  const fields = parseConfiguration(request.configuration);
  refuseUnsupported(fields);
  const masqAll = fields.flag("masqAll");
  const snat = fields.has("snat") ? fields.flag("snat") : true;
  const translated = masqAll ? "all" : "local";
  const conditionsV4 = readConditions(fields.texts("conditionsV4") ?? [], { option: "conditionsV4", family: "ipv4" });
  const conditionsV6 = readConditions(fields.texts("conditionsV6") ?? [], { option: "conditionsV6", family: "ipv6" });
  return {
    sourceTranslation: snat ? translated : "none",
    ...(conditionsV4 === undefined ? {} : { conditionsV4 }),
    ...(conditionsV6 === undefined ? {} : { conditionsV6 }),
  };
}

function refuseUnsupported(fields: Fields): void {
  const backend = fields.text("backend");
  if (backend === "iptables")
    refuse(fields, "backend", 'ports are published by nftables; leave it out, or say "nftables"');
  if (backend !== undefined && backend !== "nftables") invalid("backend", '"nftables"', backend);
  if (fields.has("markMasqBit")) refuse(fields, "markMasqBit", "nftables needs no mark; leave it out");
  if (fields.text("externalSetMarkChain") !== undefined)
    refuse(fields, "externalSetMarkChain", "nftables knows no chains of iptables; leave it out");
}

/** Refuses a field whatever its value: 0 and false ask for something here. */
function refuse(fields: Fields, key: string, why: string): never {
  return fail(CODES.unsupportedField, `${fields.pathOf(key)}: ${quote(fields.raw(key))} is not supported: ${why}`);
}
