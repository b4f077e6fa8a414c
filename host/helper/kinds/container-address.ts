/**
 * @module Addresses on a link of the container that others made. Those on a link of the attachment's own are on record with that: see `veth.ts`.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Link, Rtnetlink } from "../../kernel/rtnetlink.ts";
import { parseIpPrefix, prefixEquals } from "../../spec/ip.ts";
import { compareOnLink, onLink } from "../undo/container.ts";
import type { OwnedKind } from "./kind.ts";
import { textsOf } from "./kind.ts";
import type { Drift } from "./kind.ts";

/** Most addresses of a container's link that are looked at. Its owner controls how many there are. */
const LIST_MAX = 4096;

export const containerAddress: OwnedKind = {
  undo: (_state, { undo }) =>
    onLink(undo, (rtnetlink, { index }) => {
      for (const text of textsOf(undo["addresses"]))
        ignoreAbsent(() => rtnetlink.deleteAddress(index, parseIpPrefix(text)));
    }),
  compare: (_state, { key, undo }) =>
    compareOnLink(undo, (rtnetlink, link) => compareAddresses({ rtnetlink, link, name: key }, undo["addresses"])),
  repair: (_state, { undo }) =>
    onLink(undo, (rtnetlink, link) => addMissingAddresses(rtnetlink, link, undo["addresses"])),
  objects: () => [],
};

/** A link of a container that is looked at. */
export interface LookedAt {
  readonly rtnetlink: Rtnetlink;
  readonly link: Link | undefined;
  readonly name: string;
  /** @default "the container" */
  readonly place?: string;
}

/** Compares the addresses that a link has with those that it was given. */
export function compareAddresses(
  { rtnetlink, link, name, place = "the container" }: LookedAt,
  addresses: unknown,
): readonly Drift[] {
  const drift = (text: string): Pick<Drift, "what" | "object" | "wanted"> => {
    return { what: "missing", object: `address ${text} of ${place}`, wanted: `on its link ${name}` };
  };
  if (link === undefined) return textsOf(addresses).map((text) => ({ ...drift(text), found: "no such link" }));
  return missingAddresses(rtnetlink, link, addresses).map((text) => ({ ...drift(text), found: "not there" }));
}

/** Adds the addresses that a link was given and has not any more. */
export function addMissingAddresses(rtnetlink: Rtnetlink, link: Link, addresses: unknown): void {
  for (const text of missingAddresses(rtnetlink, link, addresses))
    rtnetlink.addAddress(link.index, parseIpPrefix(text));
}

function missingAddresses(rtnetlink: Rtnetlink, { index }: Link, addresses: unknown): readonly string[] {
  const texts = textsOf(addresses);
  if (texts.length === 0) return [];
  const present = rtnetlink.listAddresses(index, { max: LIST_MAX });
  return texts.filter((text) => !present.some(({ address }) => prefixEquals(address, parseIpPrefix(text))));
}

function ignoreAbsent(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "EADDRNOTAVAIL") && !isKernelError(error, "ENODEV")) throw error;
  }
}
