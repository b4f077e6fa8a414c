/**
 * @module Making and deleting elements of the packet filter's maps. libnftables would fetch what is there before it does.
 * Source of all numbers: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h, Linux 6.12; for comments libnftnl/udata.h, 1.2.4.
 */

import { FLAG_CREATE, FLAG_EXCLUSIVE, FLAG_NOT_RECURSIVE } from "./codec.ts";
import {
  CHAIN_NAME,
  CHAIN_TABLE,
  DATA_VALUE,
  DATA_VERDICT,
  ELEMENT_DATA,
  ELEMENT_KEY,
  ELEMENT_USERDATA,
  LIST_ELEMENT,
  LIST_ELEMENTS,
  LIST_SET,
  LIST_TABLE,
  MESSAGE_NEW_ELEMENT,
  SUBSYSTEM_NUMBER,
  TABLE_NAME,
  USERDATA_COMMENT,
  VERDICT_CHAIN,
  keyBytes,
  writeFilterHeader,
  type ElementKey,
  type MapReference,
  type TableReference,
} from "./filter-messages.ts";
import type { NetlinkRequest } from "./socket.ts";
import type { MessageWriter } from "./writer.ts";

const SUBSYSTEM = SUBSYSTEM_NUMBER << 8;
const MESSAGE_DELETE_TABLE = SUBSYSTEM | 2;
const MESSAGE_DELETE_CHAIN = SUBSYSTEM | 5;
const MESSAGE_DELETE_RULE = SUBSYSTEM | 8;
const MESSAGE_DELETE_SET = SUBSYSTEM | 11;
const MESSAGE_DELETE_ELEMENT = SUBSYSTEM | 14;
const RULE_TABLE = 1;
const RULE_CHAIN = 2;
const MESSAGE_BATCH_BEGIN = 16;
const MESSAGE_BATCH_END = 17;
const VERDICT_CODE = 1;
/** Source: NFT_GOTO, -4, in the byte order of networks. */
const VERDICT_GOTO = Uint8Array.of(0xff, 0xff, 0xff, 0xfc);

/** An element that is to be made: what has the key goes to the chain, or has the value; without either it is one of a set. */
export interface NewElement {
  readonly key: ElementKey;
  readonly chain?: string;
  /** Bytes, as the packet filter has them. */
  readonly value?: Uint8Array;
  /** `undefined`: none. */
  readonly comment: string | undefined;
}

/** Makes elements of one map. The kernel answers EEXIST for one that is there, ENOENT without the map or the chain. */
export function createElementsRequest(map: MapReference, elements: readonly NewElement[]): NetlinkRequest {
  return {
    type: MESSAGE_NEW_ELEMENT,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "NFT_MSG_NEWSETELEM",
    write: (writer) =>
      writeElements(writer, map, elements, ({ key, chain, value, comment }) => {
        writeKey(writer, key);
        if (chain !== undefined) writeVerdict(writer, chain);
        if (value !== undefined) writer.nested(ELEMENT_DATA, (data) => data.attribute(DATA_VALUE, value));
        if (comment !== undefined) writer.attribute(ELEMENT_USERDATA, commentBytes(comment));
      }),
  };
}

/** Deletes elements of one map. The kernel answers ENOENT for one that is not there. */
export function deleteElementsRequest(map: MapReference, keys: readonly ElementKey[]): NetlinkRequest {
  return {
    type: MESSAGE_DELETE_ELEMENT,
    call: "NFT_MSG_DELSETELEM",
    write: (writer) => writeElements(writer, map, keys, (key) => writeKey(writer, key)),
  };
}

/** What one capability keeps in a table, as long as it has an element: goes whole, and only while it is empty. */
export interface Frame {
  readonly table: TableReference;
  /** Its chains, whose rules go with them. The first is there as long as the frame is. */
  readonly chains: readonly [string, ...string[]];
  /** Its maps. */
  readonly maps: readonly string[];
}

/**
 * Deletes a frame in one transaction. The kernel answers EBUSY, and keeps everything, when a map has an element or a chain is led to
 * from elsewhere: nobody's are lost who made them meanwhile.
 */
export function deleteEmptyFrameRequests({ table: { family, table }, chains, maps }: Frame): NetlinkRequest[] {
  const ofTable = { family, table };
  return [
    ...chains.map((chain) => ({
      ...deletion(ofTable, { type: MESSAGE_DELETE_RULE, call: "NFT_MSG_DELRULE" }, [
        [RULE_TABLE, table],
        [RULE_CHAIN, chain],
      ]),
      flags: 0,
    })),
    ...maps.map((map) =>
      deletion(ofTable, { type: MESSAGE_DELETE_SET, call: "NFT_MSG_DELSET" }, [
        [LIST_TABLE, table],
        [LIST_SET, map],
      ]),
    ),
    ...chains.map((chain) =>
      deletion(ofTable, { type: MESSAGE_DELETE_CHAIN, call: "NFT_MSG_DELCHAIN" }, [
        [CHAIN_TABLE, table],
        [CHAIN_NAME, chain],
      ]),
    ),
  ];
}

/** Deletes a table that has nothing; the kernel answers EBUSY for one that has something. */
export function deleteEmptyTableRequest({ family, table }: TableReference): NetlinkRequest {
  return deletion({ family, table }, { type: MESSAGE_DELETE_TABLE, call: "NFT_MSG_DELTABLE" }, [[TABLE_NAME, table]]);
}

function deletion(
  { family }: TableReference,
  { type, call }: Pick<NetlinkRequest, "type" | "call">,
  attributes: readonly (readonly [number, string])[],
): NetlinkRequest {
  return {
    type,
    flags: FLAG_NOT_RECURSIVE,
    call,
    write: (writer) => {
      writeFilterHeader(writer, { family });
      for (const [attribute, text] of attributes) writer.attributeText(attribute, text);
    },
  };
}

/** Elements in one message; it has room for some more. */
const PART_ELEMENTS = 20;

/** Divides elements, or keys, into what one message has room for. */
export function inParts<Element>(elements: readonly Element[]): Element[][] {
  return Array.from({ length: Math.ceil(elements.length / PART_ELEMENTS) }, (_, index) =>
    elements.slice(index * PART_ELEMENTS, (index + 1) * PART_ELEMENTS),
  );
}

/** Puts requests into one transaction: all or none of them. */
export function transactionOf(requests: readonly NetlinkRequest[]): NetlinkRequest[] {
  return [boundaryRequest(MESSAGE_BATCH_BEGIN), ...requests, boundaryRequest(MESSAGE_BATCH_END)];
}

/** The last 16 bits of the header say whose transaction it is, in the byte order of networks. */
function boundaryRequest(type: number): NetlinkRequest {
  return { type, call: "NFNL_MSG_BATCH", write: (writer) => writer.u8(0).u8(0).u8(0).u8(SUBSYSTEM_NUMBER) };
}

function writeElements<Element>(
  writer: MessageWriter,
  map: MapReference,
  elements: readonly Element[],
  write: (element: Element) => void,
): void {
  writeFilterHeader(writer, map);
  writer.attributeText(LIST_TABLE, map.table).attributeText(LIST_SET, map.name);
  writer.nested(LIST_ELEMENTS, (list) => {
    for (const element of elements) list.nested(LIST_ELEMENT, () => write(element));
  });
}

function writeKey(writer: MessageWriter, key: ElementKey): void {
  writer.nested(ELEMENT_KEY, (data) => data.attribute(DATA_VALUE, keyBytes(key)));
}

function writeVerdict(writer: MessageWriter, chain: string): void {
  writer.nested(ELEMENT_DATA, (data) =>
    data.nested(DATA_VERDICT, (verdict) =>
      verdict.attribute(VERDICT_CODE, VERDICT_GOTO).attributeText(VERDICT_CHAIN, chain),
    ),
  );
}

/** Type, length, text with a NUL. Source: `struct nftnl_udata`, libnftnl. */
function commentBytes(comment: string): Uint8Array {
  const text = Buffer.from(`${comment}\0`);
  return Buffer.concat([Uint8Array.of(USERDATA_COMMENT, text.length), text]);
}
