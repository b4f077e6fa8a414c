/**
 * @module The configuration of the plugin `portmap`.
 */
import type { PublishOptions } from "cnidaria:plugin/host-ports@0.1.0";
import type { Request } from "cnidaria:plugin/types@0.1.0";

import { type Fields, parseConfiguration, quote } from "../sdk/configuration.ts";
import { CODES, fail } from "../sdk/index.ts";
import { readPacketFilter } from "../sdk/packet-filter.ts";
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
  const packetFilter = readPacketFilter(fields, "backend");
  return {
    sourceTranslation: snat ? translated : "none",
    ...(packetFilter === undefined ? {} : { packetFilter }),
    ...(conditionsV4 === undefined ? {} : { conditionsV4 }),
    ...(conditionsV6 === undefined ? {} : { conditionsV6 }),
  };
}

function refuseUnsupported(fields: Fields): void {
  if (fields.has("markMasqBit")) refuse(fields, "markMasqBit", "no mark is needed; leave it out");
  if (fields.text("externalSetMarkChain") !== undefined)
    refuse(fields, "externalSetMarkChain", "nothing is marked; leave it out");
}

/** Refuses a field whatever its value: 0 and false ask for something here. */
function refuse(fields: Fields, key: string, why: string): never {
  return fail(CODES.unsupportedField, `${fields.pathOf(key)}: ${quote(fields.raw(key))} is not supported: ${why}`);
}
