/**
 * @module What was changed in a container's namespace, if that is still there and still the one it was: undoing it, and comparing with it.
 */
import { isKernelError } from "../../kernel/error.ts";
import { openNetns } from "../../kernel/netns.ts";
import type { Netns } from "../../kernel/netns.ts";
import { Rtnetlink } from "../../kernel/rtnetlink.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import type { Drift } from "../kinds/kind.ts";
import type { JsonObject } from "../ledger/records.ts";

/** What the kernel says of a namespace, or of something in it, that is gone. */
const GONE: readonly string[] = ["ENOENT", "EINVAL", "ENODEV"];

/** Runs something in the namespace that a row is about. The path is checked again: it may lead elsewhere by now. */
export function inNamespace(undo: JsonObject, run: (netns: Netns) => void): undefined {
  visit(undo, run);
}

/** Runs something on the container's link that a row is about. */
export function onLink(undo: JsonObject, run: (rtnetlink: Rtnetlink, link: Link) => void): undefined {
  compareOnLink(undo, (rtnetlink, link) => {
    if (link !== undefined) run(rtnetlink, link);
    return [];
  });
}

/** Compares something in the namespace that a row is about. One that is gone is no difference here: the row of the namespace is the one that says so. */
export function compareInNamespace(undo: JsonObject, compare: (netns: Netns) => readonly Drift[]): readonly Drift[] {
  return visit(undo, compare) ?? [];
}

/** Compares something of the container's link that a row is about, or of the one that has another name. `undefined`: there is no such link. */
export function compareOnLink(
  undo: JsonObject,
  compare: (rtnetlink: Rtnetlink, link: Link | undefined) => readonly Drift[],
  { link: name = undo["link"] }: { readonly link?: unknown } = {},
): readonly Drift[] {
  if (typeof name !== "string") return [];
  return compareInNamespace(undo, (netns) => {
    using rtnetlink = Rtnetlink.open(netns);
    return compare(rtnetlink, rtnetlink.getLink({ name }));
  });
}

/** Gives `undefined` where the namespace is gone, or is another one. */
function visit<Result>({ path, cookie }: JsonObject, run: (netns: Netns) => Result): Result | undefined {
  if (typeof path !== "string") return undefined;
  try {
    using netns = openNetns(path);
    return netns.cookie.toString() === cookie ? run(netns) : undefined;
  } catch (error) {
    if (!isKernelError(error) || !GONE.includes(error.errno)) throw error;
    return undefined;
  }
}
