/**
 * @module Grant `container-sysctls`: settings of the container's network namespace, by name.
 */

import * as z from "zod";
import { isJsonObject, readPointer } from "../../spec/json.ts";
import { settingNameOf } from "../../spec/setting-name.ts";
import { ALLOWED, defineCapability, denied, fieldOf } from "../capability.ts";
import type { Decision } from "../capability.ts";
import type { CallFacts } from "../facts.ts";
import { pointer } from "../references.ts";
import { patternCovers, patternMatches, settingPattern } from "../setting-patterns.ts";

const entry = z.union([settingPattern, z.strictObject({ name: settingPattern, values: z.array(z.string()).min(1) })]);
type Entry = z.output<typeof entry>;

const scope = z.strictObject({
  /** Names that may be read and written, each with any value or with one of some values. */
  names: z.array(entry),
  /** Of those only what the plugin's configuration asks for, at JSON pointers to objects of names and values; absent: all of them. */
  configuration: z.array(pointer).optional(),
});
/** Scope of `container-sysctls`. */
export type ContainerSysctlsScope = z.output<typeof scope>;

/** A setting that is asked for; without a value it is read. */
interface Asked {
  readonly name: unknown;
  readonly value?: unknown;
}

/** Settings of the container's network namespace. */
export const containerSysctls = defineCapability<ContainerSysctlsScope>({
  name: "container-sysctls",
  operations: ["set", "get"],
  scope,
  covers(wider, narrower) {
    const areNamed = narrower.names.every((inner) => wider.names.some((outer) => entryCovers(outer, inner)));
    return areNamed && pointersCover(wider.configuration, narrower.configuration);
  },
  describe({ names, configuration }) {
    const lines = [`settings of the container: ${names.map(describeEntry).join("; ") || "none"}`];
    if (configuration !== undefined)
      lines.push(`of those only what the network's configuration sets at ${configuration.join(" or ") || "nothing"}`);
    return lines;
  },
  decide(granted, { facts, operation, args }) {
    const [, list] = args;
    if (!Array.isArray(list)) return denied("the settings are no list");
    switch (operation) {
      case "set":
        return decideAll(
          granted,
          facts,
          list.map((each: unknown) => ({ name: fieldOf(each, "name"), value: fieldOf(each, "value") ?? null })),
        );
      case "get":
        return decideAll(
          granted,
          facts,
          list.map((name: unknown) => ({ name })),
        );
      default:
        return denied(`"container-sysctls" has no operation ${JSON.stringify(operation)}`);
    }
  },
});

/** Stands for the call's own link where no call is known. It is its own name in patterns and configurations. */
const ANY_LINK = "IFNAME";

/** Lists the names of settings that a configuration asks for, one scope lets through and another one does not. */
export function uncoveredSettings(
  asked: ContainerSysctlsScope | undefined,
  granted: ContainerSysctlsScope | undefined,
  facts: CallFacts,
): readonly string[] {
  if (asked === undefined) return [];
  const ifname = facts.ifname === "" ? ANY_LINK : facts.ifname;
  const isIn = (scope: ContainerSysctlsScope, setting: Asked): boolean =>
    decideOne(scope, { ...facts, ifname }, setting).allowed;
  const objects = (asked.configuration ?? []).flatMap((each) => readPointer(facts.configuration, each));
  const entries = objects.filter(isJsonObject).flatMap((object) => Object.entries(object));
  const settings = entries.map(([key, value]) => ({ name: settingNameOf(key, ifname), value }));
  const refused = settings.filter((each) => isIn(asked, each) && (granted === undefined || !isIn(granted, each)));
  return [...new Set(refused.map(({ name }) => name))];
}

function decideAll(granted: ContainerSysctlsScope, facts: CallFacts, settings: readonly Asked[]): Decision {
  const decisions = settings.map((asked) => decideOne(granted, facts, asked));
  return decisions.find(({ allowed }) => !allowed) ?? ALLOWED;
}

function decideOne(granted: ContainerSysctlsScope, facts: CallFacts, { name, value }: Asked): Decision {
  if (typeof name !== "string") return denied("a name is no text");
  const shown = JSON.stringify(name);
  const named = granted.names.filter((each) => patternMatches(patternOf(each), name, facts.ifname));
  if (named.length === 0) return denied(`"container-sysctls" with ${shown} in "names" would allow it`);
  if (value !== undefined && !named.some((each) => allowsValue(each, value)))
    return denied(`"container-sysctls" with ${JSON.stringify(value)} in "values" of ${shown} would allow it`);
  if (isConfigured(granted.configuration, facts, { name, value })) return ALLOWED;
  const wanted = value === undefined ? shown : `${shown} with ${JSON.stringify(value)}`;
  return denied(`the network's configuration does not ask for ${wanted}`);
}

function isConfigured(pointers: readonly string[] | undefined, facts: CallFacts, { name, value }: Asked): boolean {
  if (pointers === undefined) return true;
  const objects = pointers.flatMap((each) => readPointer(facts.configuration, each)).filter(isJsonObject);
  return objects
    .flatMap((object) => Object.entries(object))
    .some(([key, wanted]) => settingNameOf(key, facts.ifname) === name && (value === undefined || wanted === value));
}

function patternOf(each: Entry): string {
  return typeof each === "string" ? each : each.name;
}

function allowsValue(each: Entry, value: unknown): boolean {
  return typeof value === "string" && (typeof each === "string" || each.values.includes(value));
}

function entryCovers(outer: Entry, inner: Entry): boolean {
  if (!patternCovers(patternOf(outer), patternOf(inner))) return false;
  if (typeof outer === "string") return true;
  return typeof inner !== "string" && inner.values.every((value) => outer.values.includes(value));
}

function pointersCover(wider: readonly string[] | undefined, narrower: readonly string[] | undefined): boolean {
  if (wider === undefined) return true;
  return narrower !== undefined && narrower.every((each) => wider.includes(each));
}

function describeEntry(each: Entry): string {
  return typeof each === "string" ? each : `${each.name}, one of ${JSON.stringify(each.values)}`;
}
