/**
 * @module Patterns of names of settings. Parts are compared whole: a dot is a dot, and there is no regular expression. Pure.
 */

import * as z from "zod";
import { settingSegments } from "../spec/setting-name.ts";

/** Matches any one part. */
const ANY = "*";
/** At the end: matches all further parts, at least one. */
const REST = "**";
/** Matches the call's own link. */
const OWN_LINK = "IFNAME";

/**
 * A name below `net.`, such as `net.ipv4.conf.IFNAME.arp_filter`: `IFNAME` is the call's own link, `*` any one part, `**` at the end
 * everything below. A dot inside a link's name is written as a slash.
 */
export const settingPattern = z.string().refine(isPattern, "want a name such as net.ipv4.conf.IFNAME.arp_filter");

function isPattern(text: string): boolean {
  const segments = settingSegments(text);
  return segments !== undefined && !segments.slice(0, -1).includes(REST);
}

/** Tells whether a name is one of a pattern's, for a call about a link. Does not trust: the name may be anything. */
export function patternMatches(pattern: string, name: string, ifname: string): boolean {
  const [wanted, parts] = [settingSegments(pattern), settingSegments(name)];
  if (wanted === undefined || parts === undefined) return false;
  return segmentsMatch(wanted, parts, (want, part) => want === part || (want === OWN_LINK && part === ifname));
}

/** Tells whether every name of `inner` is one of `outer`'s, whatever the call. */
export function patternCovers(outer: string, inner: string): boolean {
  const [wide, narrow] = [settingSegments(outer), settingSegments(inner)];
  if (wide === undefined || narrow === undefined) return false;
  return segmentsMatch(wide, narrow, (want, part) => want === part);
}

function segmentsMatch(
  pattern: readonly string[],
  parts: readonly string[],
  isSame: (want: string, part: string) => boolean,
): boolean {
  const hasRest = pattern.at(-1) === REST;
  if (hasRest ? parts.length < pattern.length : parts.length !== pattern.length) return false;
  const heads = hasRest ? pattern.slice(0, -1) : pattern;
  return heads.every((want, index) => {
    const part = parts[index] ?? "";
    return (want === ANY && part !== REST) || isSame(want, part);
  });
}
