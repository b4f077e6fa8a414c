/**
 * @module Grant `container-link-attributes`: what of the container's links can be changed while they exist.
 */

import * as z from "zod";
import { allowedIf, defineCapability, denied, fieldOf } from "../capability.ts";
import { OWN_LINK, describeReferences, nameReference, namesCover, namesInclude } from "../references.ts";

/** Fields of the WIT record `link-changes`, by the attribute's name in a grant. */
const FIELDS = {
  mtu: "mtuBytes",
  mac: "mac",
  promiscuous: "promiscuous",
  allMulticast: "allMulticast",
  transmitQueueLength: "transmitQueueLength",
} as const;
type Attribute = keyof typeof FIELDS;
const ATTRIBUTES = Object.keys(FIELDS) as [Attribute, ...Attribute[]];

const scope = z.strictObject({
  /** Links that may be changed. */
  links: z.array(nameReference).default([...OWN_LINK]),
  /** What may be changed on them. */
  set: z.array(z.enum(ATTRIBUTES)).default([]),
});
/** Scope of `container-link-attributes`. */
export type ContainerLinkAttributesScope = z.output<typeof scope>;

/** Attributes of the container's links. */
export const containerLinkAttributes = defineCapability<ContainerLinkAttributesScope>({
  name: "container-link-attributes",
  operations: ["set", "restore"],
  scope,
  covers(wider, narrower) {
    return namesCover(wider.links, narrower.links) && narrower.set.every((each) => wider.set.includes(each));
  },
  describe(granted) {
    const attributes = granted.set.join(", ") || "nothing";
    return [`changes ${attributes} of links of the container: ${describeReferences(granted.links)}`];
  },
  decide(granted, { facts, operation, args }) {
    const [, link, changes] = args;
    if (operation !== "set" && operation !== "restore")
      return denied(`"container-link-attributes" has no operation ${JSON.stringify(operation)}`);
    if (!namesInclude(granted.links, facts, link))
      return denied(`"container-link-attributes" with ${JSON.stringify(link)} in "links" would allow it`);
    const refused = ATTRIBUTES.find(
      (each) => fieldOf(changes, FIELDS[each]) !== undefined && !granted.set.includes(each),
    );
    return allowedIf(
      operation === "restore" || refused === undefined,
      `"container-link-attributes" with ${JSON.stringify(refused)} in "set" would allow it`,
    );
  },
});
