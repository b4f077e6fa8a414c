import { expect, test } from "vitest";
import { readLinkAddress } from "../../../host/kernel/netlink/address-messages.ts";
import { readMessages, type Message } from "../../../host/kernel/netlink/codec.ts";
import { readElement } from "../../../host/kernel/netlink/filter-messages.ts";
import { readLink } from "../../../host/kernel/netlink/link-messages.ts";
import { readRoutes } from "../../../host/kernel/netlink/route-messages.ts";
import { formatIpAddress, formatIpPrefix } from "../../../host/spec/ip.ts";
import {
  bytesOf,
  IPV4_ADDRESSES,
  IPV4_ROUTES,
  IPV6_ADDRESSES,
  MASQUERADE_ELEMENT,
  NO_SUCH_LINK,
  VETH_LINK,
} from "./captures.ts";

function messagesOf(capture: string): Message[] {
  return readMessages(bytesOf(capture)) ?? [];
}

function first(capture: string): Message {
  const [message] = messagesOf(capture);
  if (message === undefined) throw new Error("a capture holds a message");
  return message;
}

test("reads a link with all that is said about it", () => {
  expect(readLink(first(VETH_LINK))).toEqual({
    name: "v0",
    index: 3,
    kind: "veth",
    mac: [2, 0, 0, 0, 0, 1],
    mtu: 1400,
    up: true,
    operationalState: "down",
    promiscuous: false,
    allMulticast: false,
    txQueueLength: 1000,
    masterIndex: 2,
    peerIndex: 2,
    alias: "tag",
    group: 0,
    netnsId: 0,
  });
});

test("reads addresses of both families", () => {
  expect(readLinkAddress(first(IPV6_ADDRESSES))).toMatchObject({
    linkIndex: 2,
    tentative: true,
    duplicate: false,
    scope: 0,
  });
  const prefixes = [IPV4_ADDRESSES, IPV6_ADDRESSES].map((capture) => readLinkAddress(first(capture))?.address);
  expect(prefixes.map((prefix) => prefix && formatIpPrefix(prefix))).toEqual(["10.1.0.7/24", "2001:db8::7/64"]);
});

test("reads routes with metrics and table, and one for each next hop", () => {
  const routes = messagesOf(IPV4_ROUTES).flatMap((message) => readRoutes(message) ?? []);
  const summary = routes.map(({ linkIndex, local, route }) => {
    const { destination, gateway, table, scope, priority, mtuBytes, advmssBytes } = route;
    const via = gateway === undefined ? "-" : formatIpAddress(gateway);
    return [formatIpPrefix(destination), via, table, scope, priority, mtuBytes, advmssBytes, linkIndex, local];
  });
  expect(summary).toEqual([
    ["10.8.0.0/16", "10.1.0.1", 1000, "global", 7, 1280, 1200, 2, false],
    ["10.1.0.0/24", "-", 254, "link", undefined, undefined, undefined, 2, false],
    ["10.9.0.0/16", "10.1.0.1", 254, "global", undefined, undefined, undefined, 2, false],
    ["10.9.0.0/16", "10.1.0.2", 254, "global", undefined, undefined, undefined, 2, false],
  ]);
});

test("reads an element with its comment and chain", () => {
  expect(readElement(first(MASQUERADE_ELEMENT))).toEqual({
    comment: `cnidaria:${"0123456789abcdef".repeat(2)}`,
    chain: "subnet_v4_10_88_0_0_16",
  });
});

const READERS = { readLink, readLinkAddress, readRoutes, readElement };

test.for([
  { title: "readLink", capture: VETH_LINK },
  { title: "readLinkAddress", capture: IPV6_ADDRESSES },
  { title: "readRoutes", capture: IPV4_ROUTES },
  { title: "readElement", capture: MASQUERADE_ELEMENT },
] as const)(
  "$title reads a payload of any shorter length without throwing, and none without its header",
  ({ title, capture }) => {
    const message = first(capture);
    for (let length = 0; length < message.payload.length; length += 1) {
      const cut = READERS[title]({ ...message, payload: message.payload.subarray(0, length) });
      if (length < 4) expect(cut).toBeUndefined();
    }
  },
);

test.for(Object.entries(READERS))("%s reads a message of another type as none", ([, read]) => {
  expect(read(first(NO_SUCH_LINK))).toBeUndefined();
});
