/**
 * @module `node-links`: links of the node, by granted name.
 */
import * as z from "zod";
import type { Link } from "../../kernel/rtnetlink.ts";
import { isIfName } from "../../spec/names.ts";
import { LINK_NAME, U32, WAIT_MAX_MS } from "./arguments.ts";
import { ensureBridge } from "./bridges.ts";
import { canCarry, linkInfoOf } from "./link-info.ts";
import type { LinkInfo } from "./link-info.ts";
import { OperationFailure, operation, poll } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

const BRIDGE_OPTIONS = z.object({
  name: LINK_NAME,
  mtuBytes: U32.optional(),
  vlanFiltering: z.boolean(),
  promiscuous: z.boolean(),
});

export const NODE_LINKS: OperationInterface = {
  name: "node-links",
  errors: {
    ENODEV: "not-permitted",
    EEXIST: "not-permitted",
    EBUSY: "busy",
    EOPNOTSUPP: "unsupported",
    ENOSPC: "limit-reached",
    EXFULL: "limit-reached",
  },
  otherwise: "invalid-argument",
  operations: {
    "ensure-bridge": operation({
      effect: "change",
      maxCalls: 16,
      schema: z.tuple([BRIDGE_OPTIONS]),
      run: (context, [options]) => {
        if (!isIfName(options.name)) throw new OperationFailure("invalid-argument");
        const ensured = ensureBridge(context, options);
        return ensured instanceof Promise ? ensured.then(linkInfoOf) : linkInfoOf(ensured);
      },
    }),
    get: operation({
      effect: "read",
      schema: z.tuple([LINK_NAME]),
      run: (context, [name]) => linkInfoOf(linkOf(context, name)),
    }),
    "wait-until-up": operation({
      effect: "read",
      schema: z.tuple([LINK_NAME, U32]),
      run: (context, [name, timeoutMs]) => waitUntilUp(context, name, timeoutMs),
    }),
  },
};

function linkOf({ state }: OperationContext, name: string): Link {
  const link = state.node.rtnetlink.getLink({ name });
  if (link === undefined) throw new OperationFailure("not-permitted", `there is no link ${JSON.stringify(name)}`);
  return link;
}

function waitUntilUp(context: OperationContext, name: string, timeoutMs: number): LinkInfo | Promise<LinkInfo> {
  const ask = (): LinkInfo | undefined => {
    const link = linkOf(context, name);
    return canCarry(link) ? linkInfoOf(link) : undefined;
  };
  const found = ask();
  if (found !== undefined) return found;
  return poll(context.call, Math.min(timeoutMs, WAIT_MAX_MS), ask).then((link) => {
    if (link === undefined) throw new OperationFailure("timed-out");
    return link;
  });
}
