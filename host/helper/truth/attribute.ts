/**
 * @module Making the row of something on the node whose owner is known.
 */
import { readMasquerade } from "../../kernel/masquerade.ts";
import { isKernelError } from "../../kernel/error.ts";
import { readIsolation } from "../../kernel/isolation.ts";
import { openNetns } from "../../kernel/netns.ts";
import { readHostPort, readSourceTranslation } from "../../kernel/host-ports.ts";
import type { HostPort, TransportProtocol } from "../../kernel/host-port-elements.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { formatIpAddress, formatIpPrefix, ipFromBytes } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import { tagOf } from "../ledger/tag.ts";
import { addressRow, PORT_LINK, portRow } from "../published-ports.ts";
import type { HelperState } from "../state.ts";
import { own, prefixOf, shareThing } from "./attributed.ts";
import type { Attributed, RowOf } from "./attributed.ts";
import { attributeGuard, attributeIptables, attributeRates } from "./attribute-more.ts";
import type { TaggedObject } from "./objects.ts";

/** Protocols with ports, by their numbers. Source: IANA, protocol numbers. */
const PROTOCOLS: Readonly<Record<number, TransportProtocol>> = { 6: "tcp", 17: "udp", 132: "sctp" };
/** Bytes of the part of a port's key that is not an address. */
const PORT_KEY_BYTES = 8;

/** Makes the row; gives whether there is one for such a thing. */
export function attribute(state: HelperState, { id }: TaggedObject, whose: Attributed): boolean {
  const [what, name = "", key = "", more = ""] = id.split(" ");
  if (what === "link") return attributeLink(state, name, whose);
  if (what === "bucket") return attributeRates(state, { index: Number(name), whose });
  if (what === "iptables") return attributeIptables(state, id, whose);
  if (what === "element" && name === "bridge") return key === "guard_macs" && attributeGuard(state, more, whose);
  if (what !== "element") return false;
  const bytes = Buffer.from(key, "hex");
  if (name.startsWith("masquerade_")) return attributeMasquerade(state, ipFromBytes(bytes), whose);
  if (name.startsWith("forward_v")) return own(state, whose, forwardRow(ipFromBytes(bytes)));
  if (name.startsWith("published_")) return attributePublished(state, ipFromBytes(bytes), whose);
  if (/^ports_(any_)?v[46]$/u.test(name)) return attributePort(state, { name, bytes }, whose);
  return name.startsWith("isolation_") && attributeIsolation(state, nameIn(bytes), whose);
}

/** A pair is on record with the bridge that it is on; a bridge goes with its last user, whose rows say so. */
function attributeLink(state: HelperState, name: string, whose: Attributed): boolean {
  const { node } = state;
  const link = node.rtnetlink.getLink({ name });
  if (link?.kind === "ifb") return attributeRates(state, { ifb: link, whose });
  if (link?.kind === "bridge")
    return shareThing(state, whose, {
      kind: "bridge",
      key: name,
      undo: { tag: tagOfWhose(link.alias) },
      description: `bridge ${name}`,
    });
  if (link?.kind !== "veth") return false;
  const { ifname, netns } = whose.attachment;
  const master = link.masterIndex === undefined ? undefined : node.rtnetlink.getLink({ index: link.masterIndex });
  const cookie = cookieAt(netns);
  if (master?.kind === "bridge" && master.alias !== undefined)
    shareThing(state, whose, {
      kind: "bridge",
      key: master.name,
      undo: { tag: tagOfWhose(master.alias) },
      description: `bridge ${master.name}`,
    });
  const place = cookie === undefined ? {} : { path: netns, cookie };
  const bridge = master === undefined ? {} : { bridge: master.name, bridgeIndex: master.index };
  const undo = { container: ifname, index: link.index, ...place, ...bridge };
  return own(state, whose, { kind: "veth", key: name, undo, description: `veth ${name}, ${ifname} in the container` });
}

function tagOfWhose(alias: string | undefined): string {
  return (alias ?? "").replace(/^cnidaria:/u, "");
}

function attributeMasquerade(state: HelperState, address: IpAddress, whose: Attributed): boolean {
  const found = readMasquerade(state.node.nftables(), address);
  if (found === undefined) return false;
  const text = formatIpPrefix(found.address);
  return own(state, whose, {
    kind: "masquerade",
    key: text,
    undo: { addresses: [text] },
    description: `masquerade of ${text}`,
  });
}

function forwardRow(address: IpAddress): RowOf {
  const text = formatIpAddress(address);
  return { kind: "forward-rules", key: text, undo: { addresses: [text] }, description: `forwarding for ${text}` };
}

function attributePublished(state: HelperState, address: IpAddress, whose: Attributed): boolean {
  const translation = readSourceTranslation(state.node.nftables(), { tag: tagOf(whose.owner), address });
  own(state, whose, addressRow(prefixOf(address, whose), translation ?? "none"));
  if (translation !== "none") attributePortLink(state, address, whose);
  return true;
}

/** What lets packets leave by the container's link carries no tag: it belongs to whoever has ports over that link. */
function attributePortLink(state: HelperState, address: IpAddress, whose: Attributed): void {
  const { node, ledger } = state;
  const route = node.rtnetlink.lookUpRoute(address);
  const link = route === undefined || route.local ? undefined : node.rtnetlink.getLink({ index: route.linkIndex });
  if (link === undefined) return;
  const { containerId, network, ifname } = whose.owner;
  const attachment = { containerId, network, ifname };
  if (ledger.owned({ attachment, kind: PORT_LINK, key: link.name }).length > 0) return;
  const routesLocalnet = readSysctl(node.netns, { name: "route_localnet", link: link.name }) === 1;
  const undo = { index: link.index, routesLocalnet };
  own(state, whose, { kind: PORT_LINK, key: link.name, undo, description: `published ports over ${link.name}` });
}

function attributePort(
  state: HelperState,
  { name, bytes }: { readonly name: string; readonly bytes: Buffer },
  whose: Attributed,
): boolean {
  const rest = bytes.subarray(bytes.length - PORT_KEY_BYTES);
  const protocol = PROTOCOLS[rest[0] ?? 0];
  if (protocol === undefined) return false;
  const address = bytes.length > PORT_KEY_BYTES ? ipFromBytes(bytes.subarray(0, -PORT_KEY_BYTES)) : undefined;
  const from: HostPort = {
    family: name.endsWith("v4") ? "ipv4" : "ipv6",
    protocol,
    port: rest.readUInt16BE(4),
    address,
  };
  const found = readHostPort(state.node.nftables(), from);
  if (found === undefined) return false;
  const row = portRow({
    from,
    containerAddress: prefixOf(found.to.address, whose),
    containerPort: found.to.port,
    when: undefined,
  });
  return own(state, whose, row);
}

function attributeIsolation(state: HelperState, bridge: string, whose: Attributed): boolean {
  const found = readIsolation(state.node.nftables(), bridge);
  if (found?.tag === undefined) return false;
  const isolation = found.isClosed ? "isolated" : "same-bridge";
  const undo = { tag: found.tag, isolation };
  return shareThing(state, whose, {
    kind: "isolation",
    key: bridge,
    undo,
    description: `isolation of bridge ${bridge}`,
  });
}

function nameIn(bytes: Buffer): string {
  return bytes.toString("utf8", 0, bytes.indexOf(0));
}

/** Gives the cookie of the namespace that a path leads to; `undefined`: to none. */
export function cookieAt(path: string): string | undefined {
  try {
    using netns = openNetns(path);
    return netns.cookie.toString();
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}
