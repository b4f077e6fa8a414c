/**
 * @module Undoing what was changed in a container's namespace, if that is still there and still the one it was.
 */
import { isKernelError } from "../../kernel/error.ts";
import { openNetns } from "../../kernel/netns.ts";
import type { Netns } from "../../kernel/netns.ts";
import { Rtnetlink } from "../../kernel/rtnetlink.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import type { JsonObject } from "../ledger/records.ts";

/** Runs something in the namespace that a row is about. The path is checked again: it may lead elsewhere by now. */
export function inNamespace({ path, cookie }: JsonObject, run: (netns: Netns) => void): undefined {
  if (typeof path !== "string") return;
  try {
    using netns = openNetns(path);
    if (netns.cookie.toString() === cookie) run(netns);
  } catch (error) {
    if (!isKernelError(error, "ENOENT") && !isKernelError(error, "EINVAL") && !isKernelError(error, "ENODEV"))
      throw error;
  }
}

/** Runs something on the container's link that a row is about. */
export function onLink(undo: JsonObject, run: (rtnetlink: Rtnetlink, link: Link) => void): undefined {
  const { link: name } = undo;
  if (typeof name !== "string") return;
  inNamespace(undo, (netns) => {
    using rtnetlink = Rtnetlink.open(netns);
    const found = rtnetlink.getLink({ name });
    if (found !== undefined) run(rtnetlink, found);
  });
}
