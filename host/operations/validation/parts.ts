/**
 * @module What the parts of a validation hand each other.
 */

import type { Grant, Manifest } from "../../grants/grant.ts";
import type { NetworkConfiguration, PluginConfiguration } from "../../spec/configuration.ts";
import type { JsonObject, JsonValue } from "../../spec/json.ts";
import type { ValidationProblem } from "./report.ts";
import type { SchemaOutcome } from "./schema-check.ts";

/** What serves a type. */
export type ServedBy =
  /** A component. */
  | {
      readonly kind: "component";
      readonly exports: readonly string[];
      readonly cniVersions: readonly string[];
      readonly manifest: Pick<Manifest, "capabilities" | "configurationSchema">;
      readonly granted: Grant["capabilities"];
    }
  /** An executable that the operator allows; `undefined`: it is in none of the directories. */
  | { readonly kind: "legacy"; readonly executable: string | undefined }
  /** Nothing; `executable` is there and not allowed. */
  | { readonly kind: "none"; readonly executable: string | undefined };

/** Checks a value against a JSON Schema. */
export type SchemaChecker = (schema: JsonObject, value: JsonValue) => SchemaOutcome;

/** One plugin of a list, with what serves it and its IPAM plugin. */
export interface OwnParts {
  readonly network: NetworkConfiguration;
  readonly configuration: PluginConfiguration;
  readonly main: ServedBy;
  /** `undefined`: none is called. */
  readonly ipam: ServedBy | undefined;
  readonly checkSchema: SchemaChecker;
}

/** A problem of one plugin, its place still to be said. */
export type OwnProblem = Omit<ValidationProblem, "plugin">;
