/**
 * @module Requests about links, from typed values.
 */

import type { MacAddress } from "../../spec/mac.ts";
import type { Netns } from "../netns.ts";
import { FLAG_CREATE, FLAG_EXCLUSIVE } from "./codec.ts";
import {
  IFF_ALLMULTI,
  IFF_PROMISC,
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_PROTINFO,
  IFLA_TXQLEN,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_SETLINK,
  writeLinkHeader,
} from "./link-messages.ts";
import type { NetlinkRequest } from "./socket.ts";
import type { MessageWriter } from "./writer.ts";

/** Leaves statistics out of the answer. Source: RTEXT_FILTER_SKIP_STATS, linux/rtnetlink.h. */
const SKIP_STATISTICS = 1 << 3;
/** The other end of a veth pair. Source: VETH_INFO_PEER, linux/veth.h. */
const VETH_INFO_PEER = 1;
/** Source: linux/if_link.h. */
const IFLA_BR_VLAN_FILTERING = 7;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
/** Source: bits/socket.h. */
const AF_INET = 2;
const AF_BRIDGE = 7;
/** Switches by family. Source: linux/if_link.h; linux/ip.h, IPV4_DEVCONF_ARP_NOTIFY. */
const IFLA_AF_SPEC = 26;
const IFLA_INET_CONF = 1;
const IPV4_ARP_NOTIFY = 22;

/** Which link: by its name or by its index. */
export type LinkReference = { readonly name: string } | { readonly index: number };

/** A bridge to be made, down. */
export interface BridgeOptions {
  readonly name: string;
  /** In bytes; absent: the kernel's default. */
  readonly mtu?: number | undefined;
  readonly vlanFiltering?: boolean | undefined;
  /** Kept for ever; without one a bridge takes the lowest of its ports', and changes it when they come and go. */
  readonly mac?: MacAddress | undefined;
  /** Set right after creation: the kernel takes one of an existing link only. */
  readonly alias?: string | undefined;
  readonly group?: number | undefined;
}

/** A veth pair to be made, both ends down. */
export interface VethOptions {
  /** The end in the socket's own namespace. */
  readonly node: {
    readonly name: string;
    /** Set right after creation: the kernel takes one of an existing link only. */
    readonly alias?: string | undefined;
    /** Index of the bridge that it becomes a port of. */
    readonly masterIndex?: number | undefined;
    readonly mtu?: number | undefined;
    readonly group?: number | undefined;
  };
  /** The other end. */
  readonly container: {
    readonly name: string;
    readonly netns: Pick<Netns, "fd">;
    readonly mac?: MacAddress | undefined;
    readonly mtu?: number | undefined;
  };
}

/** What changes about a link; what is absent stays. */
export interface LinkChanges {
  readonly up?: boolean | undefined;
  readonly mtu?: number | undefined;
  readonly mac?: MacAddress | undefined;
  readonly name?: string | undefined;
  readonly alias?: string | undefined;
  /** Index of the bridge or VRF that it joins; `null`: it leaves. */
  readonly masterIndex?: number | null | undefined;
  readonly promiscuous?: boolean | undefined;
  readonly allMulticast?: boolean | undefined;
  readonly txQueueLength?: number | undefined;
  readonly group?: number | undefined;
  /** Whether it announces itself by ARP when it is set up, or gets another hardware address. */
  readonly arpNotify?: boolean | undefined;
}

/** How a port of a bridge behaves; what is absent stays. */
export interface BridgePortChanges {
  /** Packets may leave by the port they came in on. */
  readonly hairpin?: boolean | undefined;
  /** May not speak to other isolated ports. */
  readonly isolated?: boolean | undefined;
}

/** Asks for one link. */
export function getLinkRequest(reference: LinkReference): NetlinkRequest {
  return {
    type: RTM_GETLINK,
    call: "RTM_GETLINK",
    write: (writer) => {
      writeLinkHeader(writer, "index" in reference ? reference : {});
      if ("name" in reference) writer.attributeText(IFLA_IFNAME, reference.name);
      writer.attributeU32(IFLA_EXT_MASK, SKIP_STATISTICS);
    },
  };
}

/** Asks for all links, or those of one master. */
export function listLinksRequest(masterIndex: number | undefined): NetlinkRequest {
  return {
    type: RTM_GETLINK,
    call: "RTM_GETLINK dump",
    write: (writer) => {
      writeLinkHeader(writer);
      if (masterIndex !== undefined) writer.attributeU32(IFLA_MASTER, masterIndex);
      writer.attributeU32(IFLA_EXT_MASK, SKIP_STATISTICS);
    },
  };
}

/** Makes a bridge. */
export function createBridgeRequest(options: BridgeOptions): NetlinkRequest {
  return createRequest("bridge", (writer) => {
    writer.attributeText(IFLA_IFNAME, options.name);
    writeCommon(writer, { ...options, alias: undefined });
    writer.nested(IFLA_LINKINFO, (info) => {
      info.attributeText(IFLA_INFO_KIND, "bridge");
      if (options.vlanFiltering === undefined) return;
      const filtering = options.vlanFiltering ? 1 : 0;
      info.nested(IFLA_INFO_DATA, (data) => data.attributeU8(IFLA_BR_VLAN_FILTERING, filtering));
    });
  });
}

/** Makes a veth pair, the other end at once in the container's namespace. */
export function createVethRequest(options: VethOptions): NetlinkRequest {
  const { node, container } = options;
  return createRequest("veth", (writer) => {
    writer.attributeText(IFLA_IFNAME, node.name);
    writeCommon(writer, { ...node, alias: undefined });
    if (node.masterIndex !== undefined) writer.attributeU32(IFLA_MASTER, node.masterIndex);
    writer.nested(IFLA_LINKINFO, (info) => {
      info.attributeText(IFLA_INFO_KIND, "veth");
      info.nested(IFLA_INFO_DATA, (data) => {
        data.nested(VETH_INFO_PEER, (peer) => {
          writeLinkHeader(peer).attributeText(IFLA_IFNAME, container.name);
          writeCommon(peer, container);
          peer.attributeU32(IFLA_NET_NS_FD, container.netns.fd);
        });
      });
    });
  });
}

/** Kinds of links that {@link probeLinkKindRequest} can ask for: the kernel judges their hardware address before it makes one. */
export type ProbedLinkKind = "bridge" | "ifb" | "veth";

/**
 * Asks for a link that no kernel makes, for its hardware address has one byte: EINVAL where the kind is known, EOPNOTSUPP where it
 * is not. Source: `br_validate`, `ifb_validate` and `veth_validate`, Linux 6.12.
 */
export function probeLinkKindRequest(kind: ProbedLinkKind): NetlinkRequest {
  return createRequest(kind, (writer) => {
    writer.attribute(IFLA_ADDRESS, Uint8Array.of(0));
    writer.nested(IFLA_LINKINFO, (info) => void info.attributeText(IFLA_INFO_KIND, kind));
  });
}

/** Changes a link. One that is told by its name keeps it. */
export function setLinkRequest(reference: LinkReference, changes: LinkChanges): NetlinkRequest {
  return {
    type: RTM_SETLINK,
    call: "RTM_SETLINK",
    write: (writer) => {
      writeLinkHeader(writer, { ...("index" in reference ? reference : {}), ...flagsOf(changes) });
      writeCommon(writer, changes);
      const name = "name" in reference ? reference.name : changes.name;
      if (name !== undefined) writer.attributeText(IFLA_IFNAME, name);
      if (changes.masterIndex !== undefined) writer.attributeU32(IFLA_MASTER, changes.masterIndex ?? 0);
      if (changes.arpNotify !== undefined) writeIpv4Switch(writer, IPV4_ARP_NOTIFY, changes.arpNotify);
      if (changes.txQueueLength !== undefined) writer.attributeU32(IFLA_TXQLEN, changes.txQueueLength);
    },
  };
}

/** Changes how a port of a bridge behaves. */
export function setBridgePortRequest(index: number, changes: BridgePortChanges): NetlinkRequest {
  return {
    type: RTM_SETLINK,
    call: "RTM_SETLINK bridge port",
    write: (writer) => {
      writeLinkHeader(writer, { family: AF_BRIDGE, index }).nested(IFLA_PROTINFO, (port) => {
        if (changes.hairpin !== undefined) port.attributeU8(IFLA_BRPORT_MODE, changes.hairpin ? 1 : 0);
        if (changes.isolated !== undefined) port.attributeU8(IFLA_BRPORT_ISOLATED, changes.isolated ? 1 : 0);
      });
    },
  };
}

/** Deletes a link, and with a veth its other end. */
export function deleteLinkRequest(index: number): NetlinkRequest {
  return { type: RTM_DELLINK, call: "RTM_DELLINK", write: (writer) => void writeLinkHeader(writer, { index }) };
}

/** Deletes all links of a group. */
export function deleteGroupRequest(group: number): NetlinkRequest {
  return {
    type: RTM_DELLINK,
    call: "RTM_DELLINK group",
    write: (writer) => void writeLinkHeader(writer).attributeU32(IFLA_GROUP, group),
  };
}

function createRequest(kind: string, write: (writer: MessageWriter) => void): NetlinkRequest {
  return {
    type: RTM_NEWLINK,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: `RTM_NEWLINK ${kind}`,
    write: (writer) => {
      writeLinkHeader(writer);
      write(writer);
    },
  };
}

function writeCommon(writer: MessageWriter, values: Pick<LinkChanges, "mtu" | "mac" | "alias" | "group">): void {
  if (values.mtu !== undefined) writer.attributeU32(IFLA_MTU, values.mtu);
  if (values.mac !== undefined) writer.attribute(IFLA_ADDRESS, Uint8Array.from(values.mac));
  if (values.alias !== undefined) writer.attributeText(IFLA_IFALIAS, values.alias);
  if (values.group !== undefined) writer.attributeU32(IFLA_GROUP, values.group);
}

/** Sets one of the link's switches under /proc/sys/net/ipv4/conf. */
function writeIpv4Switch(writer: MessageWriter, number: number, isOn: boolean): void {
  writer.nested(IFLA_AF_SPEC, (families) =>
    families.nested(AF_INET, (inet) =>
      inet.nested(IFLA_INET_CONF, (switches) => switches.attributeU32(number, isOn ? 1 : 0)),
    ),
  );
}

function flagsOf(changes: LinkChanges): { flags: number; change: number } {
  let flags = 0;
  let change = 0;
  for (const [flag, wanted] of [
    [IFF_UP, changes.up],
    [IFF_PROMISC, changes.promiscuous],
    [IFF_ALLMULTI, changes.allMulticast],
  ] as const) {
    if (wanted === undefined) continue;
    change |= flag;
    if (wanted) flags |= flag;
  }
  return { flags, change };
}
