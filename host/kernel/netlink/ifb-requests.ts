/**
 * @module Links of kind `ifb`: what is sent to one goes on to where it came from, after the discipline that hangs there.
 */
import { FLAG_CREATE, FLAG_EXCLUSIVE } from "./codec.ts";
import {
  IFLA_GROUP,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  IFLA_TXQLEN,
  RTM_NEWLINK,
  writeLinkHeader,
} from "./link-messages.ts";
import type { NetlinkRequest } from "./socket.ts";

/** One to be made, down. */
export interface IfbOptions {
  readonly name: string;
  readonly mtu: number;
  readonly group: number;
}

/** Makes one. */
export function createIfbRequest({ name, mtu, group }: IfbOptions): NetlinkRequest {
  return {
    type: RTM_NEWLINK,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWLINK ifb",
    write: (writer) =>
      void writeLinkHeader(writer)
        .attributeText(IFLA_IFNAME, name)
        .attributeU32(IFLA_MTU, mtu)
        // What may wait is the bucket's limit. Source: the reference plugin.
        .attributeU32(IFLA_TXQLEN, 0)
        .attributeU32(IFLA_GROUP, group)
        .nested(IFLA_LINKINFO, (info) => void info.attributeText(IFLA_INFO_KIND, "ifb")),
  };
}
