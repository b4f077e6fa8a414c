/**
 * @module The part of libnftables' JSON that is used here, as types. Source: libnftables-json(5).
 */

/** A verdict or statement that a rule ends with. */
export type NftVerdict =
  | { readonly accept: null }
  | { readonly drop: null }
  | { readonly return: null }
  | { readonly masquerade: null }
  | { readonly goto: { readonly target: string } };

/** Left side of a match: a field of a packet. */
export interface NftPayload {
  readonly payload: { readonly protocol: "ip" | "ip6"; readonly field: "saddr" | "daddr" };
}

/** The name of the link that a packet came in by, or leaves by. */
export interface NftLinkName {
  readonly meta: { readonly key: "iifname" | "oifname" };
}

/** What connection tracking says of a packet. */
export interface NftConnectionState {
  readonly ct: { readonly key: "state" };
}

/** Several values as one. */
export interface NftConcatenation<Value> {
  readonly concat: readonly Value[];
}

/** What a verdict map is asked with. */
export type NftKey = NftPayload | NftLinkName | NftConcatenation<NftLinkName>;

/** A range of addresses by its prefix. */
export interface NftPrefix {
  readonly prefix: { readonly addr: string; readonly len: number };
}

/** An address, a range of them, or several. */
export type NftAddressSet = string | NftPrefix | { readonly set: readonly (string | NftPrefix)[] };

/** One step of a rule. */
export type NftExpression =
  | { readonly match: { readonly op: "==" | "!="; readonly left: NftPayload; readonly right: NftAddressSet } }
  | { readonly match: { readonly op: "==" | "!="; readonly left: NftLinkName; readonly right: string } }
  | {
      readonly match: {
        readonly op: "in";
        readonly left: NftConnectionState;
        readonly right: readonly ("established" | "related")[];
      };
    }
  | { readonly vmap: { readonly key: NftKey; readonly data: `@${string}` } }
  | NftVerdict;

/** Family and table that something lies in. */
export interface NftTableReference {
  readonly family: "inet" | "ip" | "ip6" | "bridge";
  readonly table: string;
}

/** A chain; with `type` and what follows it is a base chain. */
export interface NftChain extends NftTableReference {
  readonly name: string;
  readonly type?: "nat" | "filter";
  readonly hook?: "prerouting" | "input" | "forward" | "output" | "postrouting";
  readonly prio?: number;
  readonly policy?: "accept" | "drop";
}

/** A map from a value to a verdict. */
export interface NftMap extends NftTableReference {
  readonly name: string;
  readonly type: "ipv4_addr" | "ipv6_addr" | "ifname" | readonly "ifname"[];
  readonly map: "verdict";
}

/** A rule, appended to its chain. */
export interface NftRule extends NftTableReference {
  readonly chain: string;
  readonly expr: readonly NftExpression[];
  readonly comment?: string;
}

/** A key with a comment, at most 128 characters. */
export interface NftCommentedKey {
  readonly elem: { readonly val: string | NftConcatenation<string>; readonly comment: string };
}

/** Elements of a map: keys with verdicts, or keys alone where they are deleted. */
export interface NftElements extends NftTableReference {
  readonly name: string;
  readonly elem: readonly (string | readonly [NftCommentedKey, NftVerdict])[];
}

/** What a command is about. */
export type NftObject =
  | {
      readonly table: {
        readonly family: NftTableReference["family"];
        readonly name: string;
        readonly comment?: string;
      };
    }
  | { readonly chain: NftChain }
  | { readonly map: NftMap }
  | { readonly rule: NftRule }
  | { readonly element: NftElements };

/** One command. `add` accepts what is there already, `create` does not. All commands of one run take effect together or not at all. */
export type NftCommand =
  | { readonly add: NftObject }
  | { readonly create: NftObject }
  | { readonly delete: NftObject }
  | { readonly flush: NftObject }
  | { readonly list: { readonly table: { readonly family: NftTableReference["family"]; readonly name: string } } };

/** What the library answers: one object for each thing that is listed. */
export type NftReply = readonly Readonly<Record<string, unknown>>[];
