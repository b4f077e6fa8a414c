/**
 * @module What tests of the packet filter begin with: a node that has no rules, and two owners of what is made.
 */
import { onTestFinished } from "vitest";
import { Nftables } from "../../host/kernel/nftables.ts";
import { createNamespace } from "./namespaces.ts";
import type { TestNamespace } from "./namespaces.ts";

/** Tags of an attachment, and of another one. */
export const MINE = "0123456789abcdef".repeat(2);
export const OTHERS = "fedcba9876543210".repeat(2);

/** A node, and its packet filter. */
export interface PacketFilter {
  readonly node: TestNamespace;
  readonly nftables: Nftables;
}

/** Makes a node and opens its packet filter, until the test ends. */
export function openPacketFilter(): PacketFilter {
  const node = createNamespace();
  const nftables = Nftables.open(node.netns);
  onTestFinished(() => {
    nftables[Symbol.dispose]();
    node[Symbol.dispose]();
  });
  return { node, nftables };
}
