/**
 * @module Grants against manifests and against each other: what is offered, what is covered, what changed. Pure.
 */

import { CAPABILITY_NAMES, capabilityOf } from "./capabilities/index.ts";
import type { CapabilityName } from "./capabilities/index.ts";
import { DEFAULT_LIMITS } from "./grant.ts";
import type { Capabilities, Grant, Manifest } from "./grant.ts";

/** What a grant has besides the component's digest and files: the part that an operator decides. */
export type OfferedGrant = Pick<
  Grant,
  "version" | "type" | "pluginVersion" | "exports" | "capabilities" | "wasi" | "early" | "limits" | "cniVersions"
>;

/** How much a change matters, the gravest first. */
export const SEVERITIES = ["added", "widened", "narrowed", "removed"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One change between two grants. */
export interface Change {
  readonly severity: Severity;
  /** Name of a capability, `wasi`, `exports`, or `limits.` and a limit's name. */
  readonly subject: string;
  /** What was allowed, a line each; empty: nothing. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

type Comparable = Pick<Grant, "capabilities" | "wasi" | "limits" | "exports">;

/** Gives the grant that install offers: what the manifest asks for, but no link that others made. */
export function offerGrant(manifest: Manifest): OfferedGrant {
  const nodeLinks = manifest.capabilities["node-links"];
  return {
    version: 1,
    type: manifest.type,
    pluginVersion: manifest.version,
    exports: manifest.exports,
    capabilities:
      nodeLinks === undefined
        ? manifest.capabilities
        : { ...manifest.capabilities, "node-links": { ...nodeLinks, adopt: [] } },
    wasi: manifest.wasi,
    early: manifest.early,
    limits: { ...DEFAULT_LIMITS, ...definedOf(manifest.limits) },
    cniVersions: manifest.cniVersions,
  };
}

/** Tells whether everything that `narrower` allows, `wider` allows too. */
export function capabilitiesCover(wider: Capabilities, narrower: Capabilities): boolean {
  return CAPABILITY_NAMES.every((name) => isCovered(name, wider, narrower));
}

/** Lists what a grant allows beyond what the manifest asks for, a line each; empty: equal or narrower, as it has to be. */
export function beyondManifest(
  manifest: Pick<Manifest, "capabilities" | "wasi">,
  grant: Pick<Grant, "capabilities" | "wasi">,
): readonly string[] {
  const beyond = CAPABILITY_NAMES.filter((name) => !isCovered(name, manifest.capabilities, grant.capabilities));
  const lines = beyond.map((name) => `${name}: ${describeCapability(grant.capabilities, name).join("; ")}`);
  return grant.wasi && !manifest.wasi ? [...lines, "wasi: not asked for"] : lines;
}

/** Says what is granted, a line each, `capability: what`. */
export function describeGrant(grant: Pick<Grant, "capabilities" | "wasi">): readonly string[] {
  const lines = CAPABILITY_NAMES.flatMap((name) =>
    describeCapability(grant.capabilities, name).map((line) => `${name}: ${line}`),
  );
  return grant.wasi ? [...lines, "wasi: a standard library without files, sockets or environment"] : lines;
}

/** Lists the changes from one grant to another, the gravest first. `undefined` as the old one: everything is added. */
export function difference(old: Comparable | undefined, next: Comparable): readonly Change[] {
  const before: Comparable = old ?? { capabilities: {}, wasi: false, limits: next.limits, exports: next.exports };
  const changes = [
    ...CAPABILITY_NAMES.flatMap((name) => capabilityChange(name, before, next)),
    ...otherChanges(before, next),
  ];
  return changes.toSorted((left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity));
}

function isCovered(name: CapabilityName, wider: Capabilities, narrower: Capabilities): boolean {
  const [outer, inner] = [wider[name], narrower[name]];
  if (inner === undefined) return true;
  return outer !== undefined && capabilityOf(name).covers(outer, inner);
}

function describeCapability(capabilities: Capabilities, name: CapabilityName): readonly string[] {
  const scope = capabilities[name];
  return scope === undefined ? [] : capabilityOf(name).describe(scope);
}

function capabilityChange(name: CapabilityName, old: Comparable, next: Comparable): readonly Change[] {
  const [covered, covers] = [
    isCovered(name, old.capabilities, next.capabilities),
    isCovered(name, next.capabilities, old.capabilities),
  ];
  if (covered && covers) return [];
  const [was, is] = [old.capabilities[name], next.capabilities[name]];
  const severity = was === undefined ? "added" : is === undefined ? "removed" : covered ? "narrowed" : "widened";
  return [
    {
      severity,
      subject: name,
      before: describeCapability(old.capabilities, name),
      after: describeCapability(next.capabilities, name),
    },
  ];
}

function otherChanges(old: Comparable, next: Comparable): readonly Change[] {
  const changes: Change[] = [];
  if (old.wasi !== next.wasi) {
    changes.push({
      severity: next.wasi ? "added" : "removed",
      subject: "wasi",
      before: [String(old.wasi)],
      after: [String(next.wasi)],
    });
  }
  if (old.exports.toSorted().join() !== next.exports.toSorted().join()) {
    const severity = next.exports.every((name) => old.exports.includes(name)) ? "narrowed" : "widened";
    changes.push({ severity, subject: "exports", before: old.exports, after: next.exports });
  }
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[]) {
    const [was, is] = [old.limits[name], next.limits[name]];
    if (was !== is)
      changes.push({
        severity: is > was ? "widened" : "narrowed",
        subject: `limits.${name}`,
        before: [String(was)],
        after: [String(is)],
      });
  }
  return changes;
}

/** Gives the limits that are there: an `undefined` must not erase a default. */
function definedOf(limits: Manifest["limits"]): Partial<Grant["limits"]> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
