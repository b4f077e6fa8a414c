/**
 * @module How links of the node say whose they are. Only a link that says so is ever deleted.
 *
 * The alias is for people and for ever, but the kernel takes it from the second request on. What a link can be made with is a
 * group, so between the two requests the group says it.
 */
import type { Link } from "../../kernel/rtnetlink.ts";

const PREFIX = "cnidaria:";
const TAGGED = /^cnidaria:([0-9a-f]{32})$/u;
/** Groups of links that have no alias yet. Far from those that people give. */
const GROUP_FIRST = 0x1000_0000;
/** Hexadecimal digits of a tag that make its group. */
const GROUP_DIGITS = 6;

/** Gives the alias for a tag. */
export function aliasOf(tag: string): string {
  return `${PREFIX}${tag}`;
}

/** Gives the group that a link for a tag is made in. It leaves it when it gets its alias. */
export function groupOf(tag: string): number {
  return GROUP_FIRST + Number.parseInt(tag.slice(0, GROUP_DIGITS), 16);
}

/** Tells whether a link of the node was made for a tag. */
export function isTagged(link: Link, tag: string): boolean {
  return link.alias === aliasOf(tag) || (link.alias === undefined && link.group === groupOf(tag));
}

/** Tells whether a link of the node was made by Cnidaria, for whomever. */
export function isAnyTagged(link: Link): boolean {
  return link.alias?.startsWith(PREFIX) === true;
}

/** Reads whose tag an alias has; `undefined`: none. */
export function tagOfAlias(alias: string | undefined): string | undefined {
  return TAGGED.exec(alias ?? "")?.[1];
}
