/**
 * @module Reading what is known of attachments elsewhere. Does not trust: what is not what it should be is left out.
 */
import { readIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import type { JsonValue } from "../../spec/json.ts";
import type { Owner } from "../ledger/records.ts";
import type { KnownAttachment } from "../truth-protocol.ts";

/** Whose something may be. */
export interface Candidate {
  readonly owner: Owner;
  readonly attachment: KnownAttachment;
}

/** Addresses in a result of any version. */
export function addressesIn(result: string): readonly IpPrefix[] {
  const { ips } = objectOf(result);
  return (Array.isArray(ips) ? ips : []).flatMap((each) => {
    const { address } = objectOf(JSON.stringify(each));
    const prefix = typeof address === "string" ? readIpPrefix(address) : undefined;
    return prefix === undefined ? [] : [prefix];
  });
}

/** Version of the specification that a result is of. */
export function versionIn(result: string): string {
  const { cniVersion } = objectOf(result);
  return typeof cniVersion === "string" ? cniVersion : "1.0.0";
}

/** Types of a network configuration list, IPAM included. */
export function typesIn(configuration: string): readonly string[] {
  const { plugins } = objectOf(configuration);
  const list = Array.isArray(plugins) ? plugins : [objectOf(configuration)];
  return list.flatMap((each) => {
    const { type, ipam } = objectOf(JSON.stringify(each));
    const { type: ipamType } = objectOf(JSON.stringify(ipam ?? {}));
    return [type, ipamType].filter((text) => typeof text === "string" && /^[\w.-]+$/u.test(text)) as string[];
  });
}

function objectOf(text: string): Readonly<Record<string, JsonValue | undefined>> {
  try {
    const value = JSON.parse(text) as JsonValue;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as never) : {};
  } catch {
    return {};
  }
}
