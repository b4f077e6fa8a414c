/**
 * @module Giving a container's link the attributes back that it had.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Link, LinkChanges, Rtnetlink } from "../../kernel/rtnetlink.ts";
import { isMac } from "../../spec/mac.ts";
import type { JsonObject, JsonValue } from "../ledger/records.ts";

/** Kind of a row about attributes of a link. */
export const KIND_OF_ATTRIBUTES = "container-link-attributes";

/** Attributes of a link that are changed and given back. */
export type LinkAttributes = Pick<LinkChanges, "mtu" | "mac" | "promiscuous" | "allMulticast" | "txQueueLength">;

/** What the kernel says of a value that the link cannot have any more, or not now. */
const PASSED_OVER: readonly string[] = ["EINVAL", "ERANGE", "EBUSY", "EOPNOTSUPP", "EADDRNOTAVAIL", "ENODEV"];

/** Gives the attributes that a link has, of those that are to be changed. */
export function presentAttributes(link: Link, changes: LinkAttributes): LinkAttributes {
  const { mtu, mac, promiscuous, allMulticast, txQueueLength } = changes;
  return {
    ...(mtu === undefined ? {} : { mtu: link.mtu }),
    ...(mac === undefined ? {} : { mac: link.mac }),
    ...(promiscuous === undefined ? {} : { promiscuous: link.promiscuous }),
    ...(allMulticast === undefined ? {} : { allMulticast: link.allMulticast }),
    ...(txQueueLength === undefined ? {} : { txQueueLength: link.txQueueLength }),
  };
}

/** Makes the part of a row that {@link putBack} needs besides the namespace. */
export function undoOfAttributes(link: Link, present: LinkAttributes): JsonObject {
  const { mac, ...others } = present;
  return {
    link: link.name,
    index: link.index,
    attributes: { ...others, ...(mac === undefined ? {} : { mac: [...mac] }) },
  };
}

/** Gives a link what a row says that it had. Another link of that name by now is left alone. */
export function putBack(rtnetlink: Rtnetlink, link: Link, undo: JsonObject): void {
  if (undo["index"] !== link.index) return;
  setAsFarAsPossible(rtnetlink, link.index, readAttributes(undo["attributes"]));
}

/** Sets attributes in one go; where the kernel refuses, one by one, passing over those that cannot be. */
export function setAsFarAsPossible(rtnetlink: Rtnetlink, index: number, attributes: LinkAttributes): void {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return;
  try {
    rtnetlink.setLink(index, Object.fromEntries(entries));
  } catch (error) {
    if (!isKernelError(error) || !PASSED_OVER.includes(error.errno)) throw error;
    if (entries.length === 1) return;
    for (const entry of entries) setAsFarAsPossible(rtnetlink, index, Object.fromEntries([entry]));
  }
}

function readAttributes(value: JsonValue | undefined): LinkAttributes {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const { mtu, mac, promiscuous, allMulticast, txQueueLength } = value as JsonObject;
  return {
    ...(typeof mtu === "number" ? { mtu } : {}),
    ...(isMac(mac) ? { mac } : {}),
    ...(typeof promiscuous === "boolean" ? { promiscuous } : {}),
    ...(typeof allMulticast === "boolean" ? { allMulticast } : {}),
    ...(typeof txQueueLength === "number" ? { txQueueLength } : {}),
  };
}
