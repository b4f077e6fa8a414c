/**
 * @module Grant `host-ports`: ports of the node that lead to the container.
 */

import * as z from "zod";
import {
  formatIpPrefix,
  ipEquals,
  isIpAddress,
  isIpPrefix,
  isUnspecified,
  prefixCovers,
  readIpAddress,
} from "../../spec/ip.ts";
import type { IpAddress, IpFamily } from "../../spec/ip.ts";
import { isJsonObject, readKey, readPointer } from "../../spec/json.ts";
import type { JsonValue } from "../../spec/json.ts";
import { backends, backendsCover, decideBackend, describeBackends } from "../backends.ts";
import { ALLOWED, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision } from "../capability.ts";
import type { CallFacts } from "../facts.ts";
import { areGiven } from "../given-addresses.ts";
import {
  describeReferences,
  isOn,
  nameReference,
  namesCover,
  namesInclude,
  resolveSubnets,
  subnetReference,
  subnetsCover,
  switchCovers,
  switchReference,
} from "../references.ts";

/** Highest port number. Source: RFC 9293. */
const PORT_MAX = 65_535;
/** Capability argument that lists what the runtime publishes. Source: CNI CONVENTIONS. */
const MAPPINGS = "/portMappings/*";

const port = z.int().min(1).max(PORT_MAX);
const ports = z.union([
  z.strictObject({ first: port, last: port }).refine(({ first, last }) => first <= last, "want first ≤ last"),
  z.strictObject({ runtimeConfig: z.literal("/portMappings") }),
]);
/** Ports of the node, both ends included; or those that the runtime asked for, each to the container's port that it named. */
export type PortsReference = z.output<typeof ports>;

const scope = z.strictObject({
  ports: z.array(ports).default([]),
  /** Whether packets of everybody may get the node's address. */
  translateAll: switchReference.default(false),
  /** Packet filters that may be used. */
  backends,
  /** Links by which packets must come in, each publication naming one of them; absent: any. */
  links: z.array(nameReference).optional(),
  /** Subnets from which packets must come, each publication naming some within them; absent: any. */
  sources: z.array(subnetReference).optional(),
});
/** Scope of `host-ports`. */
export type HostPortsScope = z.output<typeof scope>;

/** Publishing ports of the node. */
export const hostPorts = defineCapability<HostPortsScope>({
  name: "host-ports",
  operations: ["publish", "list", "occupied", "withdraw"],
  scope,
  covers: (wider, narrower) =>
    narrower.ports.every((inner) => wider.ports.some((outer) => portsCover(outer, inner))) &&
    switchCovers(wider.translateAll, narrower.translateAll) &&
    backendsCover(wider.backends, narrower.backends) &&
    isNarrower(wider.links, narrower.links, namesCover) &&
    isNarrower(wider.sources, narrower.sources, subnetsCover),
  describe: (granted) => [
    `publishes ports of the node: ${granted.ports.map(describePorts).join("; ") || "none"}, ${describeBackends(granted.backends)}`,
    ...(granted.links === undefined ? [] : [`only for what comes in by ${describeReferences(granted.links)}`]),
    ...(granted.sources === undefined ? [] : [`only for what comes from ${describeReferences(granted.sources)}`]),
    ...(granted.translateAll === false ? [] : [`hides who asks a published port: ${describeSwitch(granted)}`]),
  ],
  decide(granted, { facts, operation, args }) {
    switch (operation) {
      case "publish":
        return decidePublish(granted, facts, args);
      case "list":
      case "occupied":
      case "withdraw":
        return ALLOWED;
      default:
        return denied(`"host-ports" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

function decidePublish(granted: HostPortsScope, facts: CallFacts, [published, options]: readonly unknown[]): Decision {
  if (!Array.isArray(published)) return denied("want a list of ports");
  const foreign = published.find(
    (each: unknown) => !areGiven([fieldOf(each, "containerAddress")], facts.givenAddresses),
  );
  if (foreign !== undefined)
    return denied(`${describeAddress(foreign)} is not an address that the call was given; no grant would allow it`);
  const uncovered = published.find((each: unknown) => !granted.ports.some((some) => isAmong(some, facts, each)));
  if (uncovered !== undefined)
    return denied(`"host-ports" with port ${String(fieldOf(uncovered, "hostPort"))} in "ports" would allow it`);
  const families = new Set(published.map((each: unknown) => familyOf(each)));
  if (
    granted.links !== undefined &&
    ![...families].every((family) => comesByLink(granted, facts, conditionsFor(options, family)))
  )
    return denied('"host-ports" with the link of the conditions in "links", or without "links", would allow it');
  if (
    granted.sources !== undefined &&
    ![...families].every((family) => comesFromSource(granted, facts, conditionsFor(options, family)))
  )
    return denied('"host-ports" with the sources of the conditions in "sources", or without "sources", would allow it');
  if (fieldOf(options, "sourceTranslation") === "all" && !isOn(granted.translateAll, facts))
    return denied('"host-ports" with "translateAll" would allow it');
  return decideBackend(granted.backends, "host-ports", fieldOf(options, "packetFilter"));
}

function familyOf(published: unknown): IpFamily {
  const address = fieldOf(published, "containerAddress");
  return isIpPrefix(address) ? address.address.tag : "ipv4";
}

function conditionsFor(options: unknown, family: IpFamily): unknown {
  return fieldOf(options, family === "ipv4" ? "conditionsV4" : "conditionsV6");
}

function comesByLink({ links = [] }: HostPortsScope, facts: CallFacts, conditions: unknown): boolean {
  return namesInclude(links, facts, fieldOf(conditions, "incomingLink"));
}

function comesFromSource({ sources = [] }: HostPortsScope, facts: CallFacts, conditions: unknown): boolean {
  const asked = fieldOf(conditions, "sources");
  const granted = resolveSubnets(sources, facts);
  const isGranted = (source: unknown): boolean =>
    isIpPrefix(source) && granted.some((subnet) => prefixCovers(subnet, source));
  return Array.isArray(asked) && asked.length > 0 && asked.every(isGranted);
}

/** Compares two lists of which an absent one does not narrow. */
function isNarrower<T>(
  wider: readonly T[] | undefined,
  narrower: readonly T[] | undefined,
  covers: (wider: readonly T[], narrower: readonly T[]) => boolean,
): boolean {
  return wider === undefined || (narrower !== undefined && covers(wider, narrower));
}

/** Tells whether a port that a guest wants to publish is one of those granted. */
function isAmong(granted: PortsReference, facts: CallFacts, published: unknown): boolean {
  const wanted = fieldOf(published, "hostPort");
  if ("first" in granted) return typeof wanted === "number" && wanted >= granted.first && wanted <= granted.last;
  return readPointer(facts.runtimeConfig, MAPPINGS).some(
    (mapping) =>
      textOf(mapping, "protocol", "tcp") === fieldOf(published, "protocol") &&
      valueOf(mapping, "hostPort") === wanted &&
      valueOf(mapping, "containerPort") === fieldOf(published, "containerPort") &&
      isWithin(readIpAddress(textOf(mapping, "hostIP", "")), fieldOf(published, "hostAddress")),
  );
}

/** Tells whether an address on the node is the one that was asked for; every address was where none was. */
function isWithin(asked: IpAddress | undefined, published: unknown): boolean {
  if (asked === undefined || isUnspecified(asked)) return true;
  return isIpAddress(published) && ipEquals(asked, published);
}

function valueOf(mapping: JsonValue, key: string): JsonValue | undefined {
  return isJsonObject(mapping) ? readKey(mapping, key) : undefined;
}

/** As the host reads it: lower case, and empty is not given. */
function textOf(mapping: JsonValue, key: string, absent: string): string {
  const value = valueOf(mapping, key);
  return typeof value === "string" && value !== "" ? value.toLowerCase() : absent;
}

function portsCover(outer: PortsReference, inner: PortsReference): boolean {
  if (!("first" in outer)) return !("first" in inner);
  const { first, last } = "first" in inner ? inner : { first: 1, last: PORT_MAX };
  return outer.first <= first && last <= outer.last;
}

function describePorts(granted: PortsReference): string {
  if (!("first" in granted)) return "those that the runtime asks for";
  return granted.first === granted.last ? String(granted.first) : `${granted.first} to ${granted.last}`;
}

function describeSwitch({ translateAll }: HostPortsScope): string {
  return typeof translateAll === "boolean"
    ? "always"
    : `where the configuration says so at ${translateAll.configuration}`;
}

function describeAddress(published: unknown): string {
  const address = fieldOf(published, "containerAddress");
  return isIpPrefix(address) ? formatIpPrefix(address) : "what is given as the container's address";
}
