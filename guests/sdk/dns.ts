/**
 * @module Resolver settings of a configuration.
 */
import type { Dns } from "cnidaria:plugin/types@0.1.0";

import type { Fields } from "./configuration.ts";

/**
 * Reads the object `dns`; `undefined` when it is absent or has no field at all. A list that is there and empty counts.
 * @throws {PluginFailure} code 6 when a field is of another type.
 */
export function readDns(configuration: Fields): Dns | undefined {
  const dns = configuration.object("dns");
  if (dns === undefined) return undefined;
  const nameservers = dns.texts("nameservers");
  const domain = dns.text("domain");
  const search = dns.texts("search");
  const options = dns.texts("options");
  if (nameservers === undefined && domain === undefined && search === undefined && options === undefined)
    return undefined;
  return { nameservers: nameservers ?? [], domain, search: search ?? [], options: options ?? [] };
}
