/**
 * @module Scopes that say by which packet filter a capability may work: nftables alone where they say nothing. Pure.
 */
import * as z from "zod";

import { allowedIf, type Decision } from "./capability.ts";

/** Both variants of iptables are one: what they can do to a node is the same. */
const BACKENDS = ["nftables", "iptables"] as const;
/** A packet filter. */
export type Backend = (typeof BACKENDS)[number] | "firewalld";

/** Packet filters that may be used. */
export const backends = z.array(z.enum(BACKENDS)).default(["nftables"]);
/** The same, of a capability that firewalld may be asked for. */
export const forwardingBackends = z.array(z.enum([...BACKENDS, "firewalld"])).default(["nftables"]);

/** Tells whether every packet filter of `narrower` is one of `wider`. */
export function backendsCover(wider: readonly Backend[], narrower: readonly Backend[]): boolean {
  return narrower.every((each) => wider.includes(each));
}

/** Says by what, for the operator. */
export function describeBackends(granted: readonly Backend[]): string {
  return `by ${granted.join(" or ") || "no packet filter"}`;
}

/** Judges the packet filter that a guest asks for, by the contract's name; none: the helper chooses among those granted, if there are any. */
export function decideBackend(granted: readonly Backend[], capability: string, asked: unknown): Decision {
  if (asked === undefined || asked === null)
    return allowedIf(granted.length > 0, `"${capability}" with a packet filter in "backends" would allow it`);
  const wanted: Backend = asked === "nftables" || asked === "firewalld" ? asked : "iptables";
  return allowedIf(
    granted.includes(wanted),
    `"${capability}" with ${JSON.stringify(wanted)} in "backends" would allow it`,
  );
}
