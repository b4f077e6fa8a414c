/**
 * @module Attributes of a container's link: `attributes` of a row are those that it had, `wanted` those that it was given.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Link, LinkChanges, Rtnetlink } from "../../kernel/rtnetlink.ts";
import { formatMac, isMac } from "../../spec/mac.ts";
import type { JsonObject, JsonValue, OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { compareOnLink, onLink } from "../undo/container.ts";
import type { Drift, OwnedKind } from "./kind.ts";

/** Kind of a row about attributes of a link. */
export const KIND_OF_ATTRIBUTES = "container-link-attributes";

/** Attributes of a link that are changed and given back. */
export type LinkAttributes = Pick<LinkChanges, "mtu" | "mac" | "promiscuous" | "allMulticast" | "txQueueLength">;

export const containerLinkAttributes: OwnedKind = {
  undo: (_state, { undo }) => onLink(undo, (rtnetlink, link) => putBack(rtnetlink, link, undo)),
  compare,
  repair: (state, row) =>
    onLink(row.undo, (rtnetlink, link) => {
      if (row.undo["index"] === link.index) setAsFarAsPossible(rtnetlink, link.index, wantedOf(state, row));
    }),
  objects: () => [],
};

function compare(state: HelperState, row: OwnedRow): readonly Drift[] {
  const wanted = wantedOf(state, row);
  return compareOnLink(row.undo, (_rtnetlink, link) => {
    const present =
      link === undefined || link.index !== row.undo["index"] ? undefined : presentAttributes(link, wanted);
    return Object.entries(wanted).flatMap(([name, value]): Drift[] => {
      const found = present?.[name as keyof LinkAttributes];
      const drift = { object: `${name} of link ${row.key} of the container`, wanted: textOf(value) };
      if (present === undefined) return [{ ...drift, what: "missing", found: "no such link" }];
      return textOf(found) === textOf(value) ? [] : [{ ...drift, what: "changed", found: textOf(found) }];
    });
  });
}

function textOf(value: LinkAttributes[keyof LinkAttributes]): string {
  return value === undefined ? "none" : typeof value === "object" ? formatMac(value) : String(value);
}

/** Gives what a row has attributes be, but for those that a later one of the same link gave another value. */
function wantedOf({ ledger }: HelperState, row: OwnedRow): LinkAttributes {
  const { containerId, nodeNetnsCookie, key, undo } = row;
  const later = ledger
    .owned({ kind: KIND_OF_ATTRIBUTES, containerId, nodeNetnsCookie, key })
    .filter(
      (each) => each.id > row.id && each.undo["cookie"] === undo["cookie"] && each.undo["index"] === undo["index"],
    )
    .flatMap((each) => Object.keys(readAttributes(each.undo["wanted"])));
  const wanted = Object.entries(readAttributes(undo["wanted"])).filter(([name]) => !later.includes(name));
  return Object.fromEntries(wanted);
}

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

/** Makes the part of a row that undoing and comparing need besides the namespace. */
export function undoOfAttributes(link: Link, present: LinkAttributes, wanted: LinkAttributes): JsonObject {
  return { link: link.name, index: link.index, attributes: jsonOf(present), wanted: jsonOf(wanted) };
}

function jsonOf({ mac, ...others }: LinkAttributes): JsonObject {
  return { ...others, ...(mac === undefined ? {} : { mac: [...mac] }) };
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
