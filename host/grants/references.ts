/**
 * @module Scopes that refer to the call: "the bridge that this network names", "the call's own link". Pure.
 */

import * as z from "zod";
import { prefixCovers, readIpPrefix } from "../spec/ip.ts";
import type { IpPrefix } from "../spec/ip.ts";
import { readPointer } from "../spec/json.ts";
import type { CallFacts } from "./facts.ts";

/** Where in a configuration: a JSON pointer. */
export const pointer = z.string().regex(/^(?:\/[^/]+)+$/u, "want a JSON pointer such as /bridge");

/**
 * A name: a literal; or what the plugin's configuration says at a JSON pointer, `default` where it says nothing, and only `among`
 * some values where those are given; or the call's own `ifname`.
 */
export const nameReference = z.union([
  z.string().min(1),
  z.strictObject({ configuration: pointer, default: z.string().optional(), among: z.array(z.string()).optional() }),
  z.strictObject({ call: z.literal("ifname") }),
]);
export type NameReference = z.output<typeof nameReference>;

/** A switch: always, never, or when the plugin's configuration has `true` at a JSON pointer. */
export const switchReference = z.union([z.boolean(), z.strictObject({ configuration: pointer })]);
export type SwitchReference = z.output<typeof switchReference>;

/** A subnet: CIDR text, or every CIDR text at a JSON pointer (`*`: every element) of the configuration or the capability arguments. */
export const subnetReference = z.union([
  z.string().refine((text) => readIpPrefix(text) !== undefined, "want a subnet such as 10.1.0.0/16"),
  z.strictObject({ configuration: pointer }),
  z.strictObject({ runtimeConfig: pointer }),
]);
export type SubnetReference = z.output<typeof subnetReference>;

/** The call's own link alone: what container-side scopes cover where they say nothing. */
export const OWN_LINK: readonly NameReference[] = [{ call: "ifname" }];

/** Tells whether a value that a guest sent is one of the names. */
export function namesInclude(references: readonly NameReference[], facts: CallFacts, name: unknown): boolean {
  return typeof name === "string" && references.some((reference) => resolveName(reference, facts) === name);
}

/** Resolves a name; `undefined`: the configuration has none, or one that is not allowed. */
export function resolveName(reference: NameReference, facts: CallFacts): string | undefined {
  if (typeof reference === "string") return reference;
  if ("call" in reference) return facts.ifname;
  const [found] = readPointer(facts.configuration, reference.configuration);
  // Go leaves an empty string as "not given", and so do the reference plugins.
  const name = found === undefined || found === "" ? reference.default : found;
  if (typeof name !== "string") return undefined;
  return reference.among === undefined || reference.among.includes(name) ? name : undefined;
}

/** Tells whether a switch is on for this call. */
export function isOn(reference: SwitchReference, facts: CallFacts): boolean {
  if (typeof reference === "boolean") return reference;
  return readPointer(facts.configuration, reference.configuration)[0] === true;
}

/** Resolves subnets; what is no CIDR text is passed over. */
export function resolveSubnets(references: readonly SubnetReference[], facts: CallFacts): readonly IpPrefix[] {
  return references.flatMap((reference) => {
    const texts = typeof reference === "string" ? [reference] : valuesAt(reference, facts);
    return texts
      .map((text) => (typeof text === "string" ? readIpPrefix(text) : undefined))
      .filter((subnet) => subnet !== undefined);
  });
}

function valuesAt(reference: Exclude<SubnetReference, string>, facts: CallFacts): readonly unknown[] {
  if ("configuration" in reference) return readPointer(facts.configuration, reference.configuration);
  return readPointer(facts.runtimeConfig, reference.runtimeConfig);
}

/** Tells whether every name of `narrower` is a name of `wider`, whatever the call. */
export function namesCover(wider: readonly NameReference[], narrower: readonly NameReference[]): boolean {
  return narrower.every((inner) => wider.some((outer) => nameCovers(outer, inner)));
}

function nameCovers(outer: NameReference, inner: NameReference): boolean {
  if (typeof outer === "string" || typeof inner === "string") return outer === inner;
  if ("call" in outer || "call" in inner) return "call" in outer && "call" in inner;
  if (outer.configuration !== inner.configuration) return false;
  if (inner.default !== undefined && inner.default !== outer.default) return false;
  if (outer.among === undefined) return true;
  const { among } = outer;
  return inner.among !== undefined && inner.among.every((name) => among.includes(name));
}

/** Tells whether `narrower` is on only where `wider` is. */
export function switchCovers(wider: SwitchReference, narrower: SwitchReference): boolean {
  if (wider === true || narrower === false) return true;
  if (wider === false || narrower === true) return false;
  return wider.configuration === narrower.configuration;
}

/** Tells whether every subnet of `narrower` lies in one of `wider`, whatever the call. */
export function subnetsCover(wider: readonly SubnetReference[], narrower: readonly SubnetReference[]): boolean {
  return narrower.every((inner) => wider.some((outer) => subnetCovers(outer, inner)));
}

function subnetCovers(outer: SubnetReference, inner: SubnetReference): boolean {
  if (typeof outer === "string" && typeof inner === "string") {
    const [wide, narrow] = [readIpPrefix(outer), readIpPrefix(inner)];
    return wide !== undefined && narrow !== undefined && prefixCovers(wide, narrow);
  }
  if (typeof outer === "string" || typeof inner === "string") return false;
  return JSON.stringify(outer) === JSON.stringify(inner);
}

/** Says what a name or subnet refers to, for the operator. */
export function describeReference(reference: NameReference | SubnetReference): string {
  if (typeof reference === "string") return JSON.stringify(reference);
  if ("call" in reference) return "the call's own link";
  if ("runtimeConfig" in reference) return `what the runtime supplies at ${reference.runtimeConfig}`;
  const fallback =
    "default" in reference && reference.default !== undefined ? `, else ${JSON.stringify(reference.default)}` : "";
  const among =
    "among" in reference && reference.among !== undefined ? `, one of ${JSON.stringify(reference.among)}` : "";
  return `what the network's configuration names at ${reference.configuration}${fallback}${among}`;
}

/** Says what several names or subnets refer to. */
export function describeReferences(references: readonly (NameReference | SubnetReference)[]): string {
  return references.length === 0 ? "none" : references.map(describeReference).join("; ");
}
