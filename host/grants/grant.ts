/**
 * @module What a plugin asks for (manifest) and what the operator allows it (grant): schemas and types.
 */

import * as z from "zod";
import { CniError } from "../spec/error.ts";
import { SUPPORTED_VERSIONS } from "../spec/version.ts";
import { CAPABILITIES, CAPABILITY_NAMES } from "./capabilities/index.ts";
import type { Scopes } from "./capabilities/index.ts";

/** Interfaces that a plugin may export. */
export const EXPORT_NAMES = ["attachment", "chained", "addresses", "network", "container", "validate"] as const;
/** Of those, the ones of which a plugin has at least one: they are what the verbs call. */
export const VERB_EXPORTS = ["attachment", "chained", "addresses"] as const;
export type ExportName = (typeof EXPORT_NAMES)[number];

/** Limits where a manifest says nothing. A deadline includes the plugin's host calls, such as waiting for a link. */
export const DEFAULT_LIMITS = {
  memoryBytes: 64 * 1024 * 1024,
  deadlineMs: 20_000,
  hostCalls: 512,
  logBytes: 64 * 1024,
  resultBytes: 256 * 1024,
} as const;

/** Versions of the specification that a plugin speaks where its manifest says nothing: results are converted for it. */
export const DEFAULT_CNI_VERSIONS = SUPPORTED_VERSIONS;

/** Granted scopes by capability; an absent one is not granted. */
export type Capabilities = { readonly [Name in keyof Scopes]?: Scopes[Name] };

const scopes = Object.fromEntries(CAPABILITY_NAMES.map((name) => [name, CAPABILITIES[name].scope.optional()]));
const capabilities = z.strictObject(scopes) as unknown as z.ZodType<Capabilities>;
const positive = z.int().min(1);
const limits = z.strictObject({
  memoryBytes: positive,
  deadlineMs: positive,
  hostCalls: z.int().min(0),
  logBytes: z.int().min(0),
  resultBytes: positive,
});
const type = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/u, "want letters, digits, _, . or -");
const exports = z.array(z.enum(EXPORT_NAMES)).refine((names) => VERB_EXPORTS.some((name) => names.includes(name)), {
  error: `want one of ${VERB_EXPORTS.join(", ")}`,
});
const hex = z.string().regex(/^[0-9a-f]{64}$/u, "want 64 hexadecimal digits");
const digest = z.templateLiteral(["sha256:", hex]);
const cniVersions = z.array(z.string().regex(/^[0-9]+\.[0-9]+\.[0-9]+$/u));

/** Schema of a manifest: `grants.json` beside a guest, embedded in the component as the custom section `cnidaria:manifest`. */
export const manifestSchema = z.strictObject({
  manifestVersion: z.literal(1),
  type,
  version: z.string().min(1),
  description: z.string().default(""),
  exports,
  capabilities,
  wasi: z.boolean().default(false),
  /** Of an IPAM plugin: its `add` needs nothing that the plugin makes which asks for it, and may be run before that one asks. */
  early: z.boolean().default(false),
  limits: limits.partial().default({}),
  cniVersions: cniVersions.default([...DEFAULT_CNI_VERSIONS]),
  configurationSchema: z.record(z.string(), z.unknown()).optional(),
});
/** What a plugin asks for. */
export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/** Schema of a grant: `grants/<digest>.json` in the state directory. */
export const grantSchema = z.strictObject({
  version: z.literal(1),
  type,
  digest,
  pluginVersion: z.string(),
  exports,
  capabilities,
  wasi: z.boolean(),
  early: z.boolean().default(false),
  limits,
  cniVersions,
  /** Files that the component was transpiled to, with the SHA-256 of each. */
  transpiled: z.strictObject({ key: z.string(), files: z.record(z.string(), hex) }),
  /** ISO 8601. */
  grantedAt: z.string(),
});
/** What the operator allows one plugin, keyed by the digest of its component. */
export type Grant = Readonly<z.output<typeof grantSchema>>;

/**
 * Parses a manifest from a JSON value.
 * @throws {CniError} componentRejected when it is none; `details` lists every problem.
 */
export function parseManifest(value: unknown): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CniError("componentRejected", "the manifest is not valid", { details: z.prettifyError(parsed.error) });
}

/**
 * Parses the scopes that an operator gives, by capability, from a JSON value.
 * @throws {CniError} notPermitted when they are none; `details` lists every problem.
 */
export function parseCapabilities(value: unknown): Capabilities {
  const parsed = capabilities.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CniError("notPermitted", "the capabilities are not valid", { details: z.prettifyError(parsed.error) });
}

/**
 * Parses a grant from a JSON value.
 * @throws {CniError} notPermitted when it is none: what cannot be read grants nothing.
 */
export function parseGrant(value: unknown): Grant {
  const parsed = grantSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CniError("notPermitted", "the grant is not valid", { details: z.prettifyError(parsed.error) });
}
