/**
 * @module Making the rows of guards of ports, of rates, and of what iptables has.
 */
import { VARIANTS } from "../../kernel/iptables/programs.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { readGuard } from "../../kernel/spoof-guard.ts";
import { formatIpAddress, formatIpPrefix, parseIpPrefix } from "../../spec/ip.ts";
import type { IpFamily } from "../../spec/ip.ts";
import { formatMac, parseMac } from "../../spec/mac.ts";
import { FORWARD_BY_IPTABLES, frameThing, MASQUERADE_BY_IPTABLES } from "../iptables-things.ts";
import { KIND_OF_RATES, ratesOnLinks, ratesRow } from "../shaped-rates.ts";
import { SPOOF_GUARD } from "../kinds/spoof-guard.ts";
import { tagOf } from "../ledger/tag.ts";
import type { HelperState } from "../state.ts";
import { own, prefixOf, shareThing } from "./attributed.ts";
import type { Attributed } from "./attributed.ts";

/** Bytes of a link's name in a key. Source: IFNAMSIZ, linux/if.h. */
const LINK_NAME_BYTES = 16;
const MAC_BYTES = 6;
/** Most links that are looked at for who sends packets to another one. */
const LINKS_MAX = 200_000;
/** A rule of an address, in the chain of masquerading or of forwarding. */
const RULE_OF_ADDRESS = /^iptables (\S+) (ipv[46]) \w+ rule CNIDARIA-(MASQ|FORWARD) -s (\S+) /u;

/** A port that lets one hardware address in, by the key of its element. */
export function attributeGuard(state: HelperState, hex: string, whose: Attributed): boolean {
  const key = Buffer.from(hex, "hex");
  const port = key.toString("latin1", 0, key.indexOf(0));
  const mac = [...key.subarray(LINK_NAME_BYTES, LINK_NAME_BYTES + MAC_BYTES)]
    .map((octet) => octet.toString(16).padStart(2, "0"))
    .join(":");
  const guarded = { port, mac: parseMac(mac) };
  if (readGuard(state.node.nftables(), guarded) === undefined) return false;
  const text = formatMac(guarded.mac);
  const description = `guard of port ${port}: ${text}`;
  return own(state, whose, { kind: SPOOF_GUARD, key: port, undo: { mac: text }, description });
}

/** Rates of a link, by its index or by the `ifb` link that it sends packets to; both are one row. */
export function attributeRates(
  state: HelperState,
  { whose, ...at }: { readonly whose: Attributed } & ({ readonly index: number } | { readonly ifb: Link }),
): boolean {
  const { ledger, node } = state;
  const links =
    "index" in at ? [node.rtnetlink.getLink({ index: at.index })] : node.rtnetlink.listLinks({ max: LINKS_MAX });
  const link = links.find(
    (each) => each !== undefined && ("index" in at || node.shaper().redirectionOf(each.index) === at.ifb.index),
  );
  if (link === undefined) return false;
  const { network, containerId, ifname } = whose.owner;
  const attachment = { network, containerId, ifname };
  if (ledger.owned({ attachment, kind: KIND_OF_RATES, key: link.name }).length > 0) return true;
  return own(state, whose, ratesRow(link, ratesOnLinks(node, link.index, tagOf(whose.owner))));
}

/** An address that iptables masquerades or forwards for; a row has both of its rules. */
export function attributeIptables(state: HelperState, id: string, whose: Attributed): boolean {
  const [, name, family, chain, prefix = ""] = RULE_OF_ADDRESS.exec(id) ?? [];
  const variant = VARIANTS.find((each) => each === name);
  if (variant === undefined) return false;
  const { address } = parseIpPrefix(prefix);
  const isMasquerade = chain === "MASQ";
  const frame = { name: isMasquerade ? "masquerade" : "forward-rules", variant, family: family as IpFamily } as const;
  shareThing(state, whose, frameThing(frame, whose.operationId));
  const text = isMasquerade ? formatIpPrefix(prefixOf(address, whose)) : prefix;
  return own(state, whose, {
    kind: isMasquerade ? MASQUERADE_BY_IPTABLES : FORWARD_BY_IPTABLES,
    key: isMasquerade ? text : formatIpAddress(address),
    undo: { address: text, variant },
    description: `${isMasquerade ? "masquerade of" : "forwarding for"} ${formatIpAddress(address)}`,
  });
}
