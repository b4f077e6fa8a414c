/**
 * @module Grant `container-links`: links of the container's namespace.
 */

import * as z from "zod";
import { ALLOWED, allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision, Question } from "../capability.ts";
import { OWN_LINK, describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";
import { bridgeReason, coversBridge, nodeLinks } from "./node-links.ts";

const change = z.enum(["up", "down"]);
const scope = z.strictObject({
  /** Kinds of links that may be made, named as the call's `ifname`. */
  kinds: z.array(z.enum(["veth"])).default([]),
  /** Links that may be read and changed. */
  links: z.array(nameReference).default([...OWN_LINK]),
  /** What may be changed on them. */
  set: z.array(change).default([]),
  /** Names that the node's end of a veth may be given; without one it has a random name. */
  nodeNames: z.array(nameReference).default([]),
});
/** Scope of `container-links`. */
export type ContainerLinksScope = z.output<typeof scope>;

/** Links of the container's namespace. */
export const containerLinks = defineCapability<ContainerLinksScope>({
  name: "container-links",
  operations: ["create-veth", "start-veth", "started-veth", "get", "set-up", "set-down", "delete"],
  scope,
  covers(wider, narrower) {
    return (
      narrower.kinds.every((kind) => wider.kinds.includes(kind)) &&
      namesCover(wider.links, narrower.links) &&
      narrower.set.every((each) => wider.set.includes(each)) &&
      namesCover(wider.nodeNames, narrower.nodeNames)
    );
  },
  describe(granted) {
    const lines = [`links of the container: ${describeReferences(granted.links)}`];
    if (granted.kinds.length > 0) lines.push(`makes the call's own link, of kind ${granted.kinds.join(", ")}`);
    if (granted.set.length > 0) lines.push(`sets links ${granted.set.join(" and ")}`);
    if (granted.nodeNames.length > 0) lines.push(`names the node's end: ${describeReferences(granted.nodeNames)}`);
    return lines;
  },
  decide(granted, question) {
    const [, name] = question.args;
    switch (question.operation) {
      case "create-veth":
      case "start-veth":
        return decideVeth(granted, question);
      // What was started was judged then.
      case "started-veth":
        return ALLOWED;
      case "get":
        return decideLink(granted, question, undefined);
      case "set-up":
        return decideLink(granted, question, "up");
      case "set-down":
        return decideLink(granted, question, "down");
      case "delete":
        return allowedIf(
          typeof name === "string" && question.facts.ownedContainerLinks.has(name),
          `this attachment did not make ${JSON.stringify(name)}; no grant would allow it`,
        );
      default:
        return denied(`"container-links" has no operation ${JSON.stringify(question.operation)}`);
    }
  },
});

function decideLink(
  granted: ContainerLinksScope,
  { facts, args }: Question,
  wanted: z.output<typeof change> | undefined,
): Decision {
  const [, name] = args;
  if (!namesInclude(granted.links, facts, name))
    return denied(`"container-links" with ${JSON.stringify(name)} in "links" would allow it`);
  if (wanted === undefined) return ALLOWED;
  return allowedIf(
    granted.set.includes(wanted),
    `"container-links" with ${JSON.stringify(wanted)} in "set" would allow it`,
  );
}

function decideVeth(granted: ContainerLinksScope, question: Question): Decision {
  const { facts } = question;
  const [, options] = question.args;
  if (!granted.kinds.includes("veth")) return denied(`"container-links" with "veth" in "kinds" would allow it`);
  const ifname = fieldOf(options, "ifname");
  if (ifname !== facts.ifname)
    return denied(`the call is about ${JSON.stringify(facts.ifname)}; no grant would allow ${JSON.stringify(ifname)}`);
  const nodeName = fieldOf(options, "nodeName");
  if (nodeName !== undefined && !namesInclude(granted.nodeNames, facts, nodeName)) {
    return denied(`"container-links" with ${JSON.stringify(nodeName)} in "nodeNames" would allow it`);
  }
  const port = fieldOf(options, "port");
  if (port === undefined) return ALLOWED;
  const bridge = fieldOf(port, "bridge");
  return allowedIf(coversBridge(question.scopeOf(nodeLinks), facts, bridge), bridgeReason(bridge));
}
