/**
 * @module Listing the elements of a map or set of the packet filter, or its chains: for comparing all of it, never on the way of a call.
 */
import { isKernelError } from "./error.ts";
import type { Netns } from "./netns.ts";
import { readAttributeList, readAttributes, type Message } from "./netlink/codec.ts";
import {
  DATA_VALUE,
  ELEMENT_DATA,
  ELEMENT_KEY,
  ELEMENT_USERDATA,
  HEADER_BYTES,
  LIST_ELEMENT,
  LIST_ELEMENTS,
  LIST_SET,
  LIST_TABLE,
  MESSAGE_GET_ELEMENT,
  MESSAGE_NEW_ELEMENT,
  NETLINK_NETFILTER,
  readChainName,
  readComment,
  readVerdictChain,
  writeFilterHeader,
  listChainsRequest,
  type MapReference,
} from "./netlink/filter-messages.ts";
import { NetlinkSocket } from "./netlink/socket.ts";

/** Most messages of one list; each has many elements. */
const MESSAGES_MAX = 100_000;

/** An element of a list. */
export interface ListedElement {
  /** Bytes, as the packet filter compares them. */
  readonly key: Uint8Array;
  /** `undefined`: none. */
  readonly comment: string | undefined;
  /** The chain that its verdict goes to; `undefined`: another verdict, or none. */
  readonly chain: string | undefined;
}

/**
 * Lists the elements of one map or set; none where that is not there.
 * @throws {KernelError} when the kernel refuses otherwise.
 */
export function listElements(netns: Pick<Netns, "fd">, map: MapReference): readonly ListedElement[] {
  using socket = new NetlinkSocket(netns, NETLINK_NETFILTER);
  const request = {
    type: MESSAGE_GET_ELEMENT,
    call: "NFT_MSG_GETSETELEM dump",
    write: (writer: Parameters<typeof writeFilterHeader>[0]) => {
      writeFilterHeader(writer, map);
      writer.attributeText(LIST_TABLE, map.table).attributeText(LIST_SET, map.name);
    },
  };
  try {
    return socket.dump(request, MESSAGES_MAX, readElements).flat();
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
}

/**
 * Lists the chains of every table of a family, without their rules.
 * @throws {KernelError} when the kernel refuses.
 */
export function listChains(
  netns: Pick<Netns, "fd">,
  { family }: Pick<MapReference, "family">,
): readonly Omit<MapReference, "family">[] {
  using socket = new NetlinkSocket(netns, NETLINK_NETFILTER);
  return socket.dump(listChainsRequest({ family }), MESSAGES_MAX, readChainName);
}

/** Reads the elements of one message of a list; `undefined`: the message is none. */
export function readElements(message: Message): ListedElement[] | undefined {
  if (message.type !== MESSAGE_NEW_ELEMENT || message.payload.length < HEADER_BYTES) return undefined;
  const attributes = readAttributes(message.payload, HEADER_BYTES);
  if (attributes === undefined) return undefined;
  const elements = readAttributeList(attributes.get(LIST_ELEMENTS) ?? Buffer.alloc(0));
  return elements?.flatMap(([type, bytes]) => {
    const element = type === LIST_ELEMENT ? readAttributes(bytes) : undefined;
    const data = element?.get(ELEMENT_KEY);
    const key = data === undefined ? undefined : readAttributes(data)?.get(DATA_VALUE);
    // Copied: the buffer is used again.
    return key === undefined
      ? []
      : [
          {
            key: Uint8Array.from(key),
            comment: readComment(element?.get(ELEMENT_USERDATA)),
            chain: readVerdictChain(element?.get(ELEMENT_DATA)),
          },
        ];
  });
}
