/**
 * @module The tag that kernel objects on the node carry, so that a person can see who made what.
 */
import { hash } from "node:crypto";
import type { Owner } from "./records.ts";

/** Hexadecimal digits of a tag: fits a link alias (255) and an nft comment (128). */
const TAG_LENGTH = 32;

/** Derives the tag of an owner: 32 hexadecimal digits. Not a secret and, read inside a container, not a proof. */
export function tagOf(owner: Owner): string {
  // NUL is in none of the fields, so no two owners give the same text.
  const text = [owner.nodeNetnsCookie, owner.network, owner.containerId, owner.ifname, owner.digest].join("\0");
  return hash("sha256", text, "hex").slice(0, TAG_LENGTH);
}
