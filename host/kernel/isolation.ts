/**
 * @module Bridges whose containers are kept from those of other such bridges, in a table of Cnidaria's own: a few elements per bridge.
 *
 * ```
 * table inet cnidaria {
 *   map isolation_within { type ifname . ifname : verdict; elements = { "cni0" . "cni0" comment "cnidaria:<tag>" : accept } }
 *   map isolation_from { type ifname : verdict; elements = { "cni0" comment "cnidaria:<tag>" : goto isolation_leaving } }
 *   map isolation_to { type ifname : verdict; elements = { "cni0" comment "cnidaria:<tag>" : drop } }
 *   chain isolation { type filter hook forward priority filter + 5; policy accept
 *     iifname . oifname vmap @isolation_within; iifname vmap @isolation_from }
 *   chain isolation_leaving { oifname vmap @isolation_to }
 * }
 * ```
 * A bridge that is not in `isolation_within` is closed to itself as well: what is routed from one of its ports to another is dropped.
 * What it switches itself never comes here: `isolated` ports are kept apart by the bridge.
 */

import { commentOf, elementObject, frameObject, FRAMES, TABLE, TABLE_COMMAND, tagIn } from "./frames.ts";
import type { Nftables } from "./nftables.ts";
import type { NftCommand, NftElements, NftExpression, NftLinkName, NftVerdict } from "./nftables-types.ts";

const BASE = { ...TABLE, name: "isolation" } as const;
const LEAVING = { ...TABLE, name: "isolation_leaving" } as const;
const WITHIN = { ...TABLE, name: "isolation_within" } as const;
const FROM = { ...TABLE, name: "isolation_from" } as const;
const TO = { ...TABLE, name: "isolation_to" } as const;
/** After the chains at the usual priority, `filter`, which is 0; before the one that accepts. */
const PRIORITY = 5;
/** Rules in the chain `isolation`. */
const BASE_RULES = 2;
/** Rules in the chain `isolation_leaving`. What uses it beyond them are bridges. */
const LEAVING_RULES = 1;
/** Bytes of a link's name in a key. Source: IFNAMSIZ, linux/if.h. */
const NAME_BYTES = 16;

const COMES_BY: NftLinkName = { meta: { key: "iifname" } };
const LEAVES_BY: NftLinkName = { meta: { key: "oifname" } };

/** A bridge that is isolated. */
export interface IsolatedBridge {
  readonly bridge: string;
  /** The containers of the bridge may not reach each other either. */
  readonly isClosed: boolean;
  /** The owner's, 32 hexadecimal digits. */
  readonly tag: string;
}

/**
 * Isolates a bridge. What is there already for the same owner is kept.
 * @throws {KernelError} EEXIST when another owner has isolated it.
 */
export function addIsolation(nftables: Nftables, isolated: IsolatedBridge): void {
  const found = readIsolation(nftables, isolated.bridge);
  const isThere = found?.tag === isolated.tag && found.isClosed === isolated.isClosed;
  const commands = [...frameCommands(nftables), ...(isThere ? [] : elementCommands(isolated))];
  if (commands.length > 0) nftables.run(commands);
}

/** Ends the isolation of a bridge, and with the last one removes what was made for all. One that is not there, or another owner's, is passed over. */
export function removeIsolation(nftables: Nftables, { bridge, tag }: Pick<IsolatedBridge, "bridge" | "tag">): void {
  const found = readIsolation(nftables, bridge);
  if (found?.tag === tag) {
    nftables.deleteElements([
      ...(found.isClosed ? [] : [{ map: WITHIN, keys: [pairKey(bridge)] }]),
      { map: FROM, keys: [nameKey(bridge)] },
      { map: TO, keys: [nameKey(bridge)] },
    ]);
  }
  // Looked at first: what the kernel refuses costs a grace period.
  const isUsed = (nftables.getChainUse(LEAVING) ?? 0) > LEAVING_RULES;
  // None are there since somebody flushed them; others are the administrator's.
  const isAsMade = [0, BASE_RULES].includes(nftables.getChainUse(BASE) ?? -1);
  if (!isUsed && isAsMade) nftables.deleteEmptyFrame(FRAMES.isolation);
}

/** Looks one bridge up; `undefined`: it is not isolated. `tag`: `undefined` where somebody else made it. */
export function readIsolation(
  nftables: Nftables,
  bridge: string,
): (Omit<IsolatedBridge, "tag"> & { readonly tag: string | undefined }) | undefined {
  const element = nftables.getElement(FROM, nameKey(bridge));
  if (element === undefined) return undefined;
  const isClosed = nftables.getElement(WITHIN, pairKey(bridge)) === undefined;
  return { bridge, isClosed, tag: tagIn(element.comment) };
}

/** Names the elements of a bridge, and what they are in. */
export function isolationObjects(bridge: string): readonly string[] {
  const name = nameKey(bridge);
  const elements = [
    elementObject(WITHIN.name, pairKey(bridge)),
    elementObject(FROM.name, name),
    elementObject(TO.name, name),
  ];
  return [...elements, frameObject("isolation")];
}

/** Tells whether the chain is there, with its rules. */
export function hasIsolationChain(nftables: Nftables): boolean {
  return (nftables.getChainUse(BASE) ?? 0) >= BASE_RULES;
}

/**
 * Has the kernel judge everything that isolation is made of, and make nothing of it.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function judgeIsolation(nftables: Nftables): void {
  const commands = frameCommands(nftables);
  if (commands.length > 0) nftables.judge(commands);
}

/** Table, maps and chains, where they are not there. */
function frameCommands(nftables: Nftables): NftCommand[] {
  if (hasIsolationChain(nftables)) return [];
  return [
    TABLE_COMMAND,
    { add: { map: { ...WITHIN, type: ["ifname", "ifname"], map: "verdict" } } },
    { add: { map: { ...FROM, type: "ifname", map: "verdict" } } },
    { add: { map: { ...TO, type: "ifname", map: "verdict" } } },
    { add: { chain: LEAVING } },
    { flush: { chain: LEAVING } },
    appendRule(LEAVING.name, { vmap: { key: LEAVES_BY, data: `@${TO.name}` } }),
    { add: { chain: { ...BASE, type: "filter", hook: "forward", prio: PRIORITY, policy: "accept" } } },
    { flush: { chain: BASE } },
    appendRule(BASE.name, { vmap: { key: { concat: [COMES_BY, LEAVES_BY] }, data: `@${WITHIN.name}` } }),
    appendRule(BASE.name, { vmap: { key: COMES_BY, data: `@${FROM.name}` } }),
  ];
}

function elementCommands({ bridge, isClosed, tag }: IsolatedBridge): NftCommand[] {
  const element = (
    map: typeof WITHIN | typeof FROM | typeof TO,
    val: string | { readonly concat: readonly string[] },
    verdict: NftVerdict,
  ): NftCommand => {
    const elem: NftElements["elem"] = [[{ elem: { val, comment: commentOf(tag) } }, verdict]];
    return { create: { element: { ...map, elem } } };
  };
  return [
    ...(isClosed ? [] : [element(WITHIN, { concat: [bridge, bridge] }, { accept: null })]),
    element(FROM, bridge, { goto: { target: LEAVING.name } }),
    element(TO, bridge, { drop: null }),
  ];
}

function appendRule(chain: string, expression: NftExpression): NftCommand {
  return { add: { rule: { ...TABLE, chain, expr: [expression] } } };
}

function nameKey(name: string): Uint8Array {
  const key = Buffer.alloc(NAME_BYTES);
  key.write(name);
  return key;
}

function pairKey(name: string): Uint8Array {
  return Buffer.concat([nameKey(name), nameKey(name)]);
}
