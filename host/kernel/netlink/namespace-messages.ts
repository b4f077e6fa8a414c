/**
 * @module The numbers that a namespace knows others by. Source: linux/net_namespace.h, linux/rtnetlink.h, Linux 6.12.
 */
import type { Netns } from "../netns.ts";
import { ATTRIBUTE_HEADER_BYTES, readAttributes, type Message } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";

const RTM_NEWNSID = 88;
const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
/** `struct rtgenmsg`, padded. */
const HEADER_BYTES = ATTRIBUTE_HEADER_BYTES;
/** Of a namespace that has no number here. Source: NETNSA_NSID_NOT_ASSIGNED. */
const NOT_ASSIGNED = -1;

/** Asks which number the socket's namespace knows another one by. */
export function getNamespaceIdRequest({ fd }: Pick<Netns, "fd">): NetlinkRequest {
  return {
    type: RTM_GETNSID,
    call: "RTM_GETNSID",
    // `struct rtgenmsg`: the family, padded.
    write: (writer) => void writer.u32(0).attributeU32(NETNSA_FD, fd),
  };
}

/** Reads a number; `"none"`: it has none; `undefined`: the message is none. */
export function readNamespaceId({ type, payload }: Message): number | "none" | undefined {
  if (type !== RTM_NEWNSID || payload.length < HEADER_BYTES) return undefined;
  const id = readAttributes(payload, HEADER_BYTES)?.get(NETNSA_NSID);
  if (id?.length !== 4) return undefined;
  const number = id.readInt32LE(0);
  return number === NOT_ASSIGNED ? "none" : number;
}
