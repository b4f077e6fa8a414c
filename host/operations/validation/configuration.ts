/**
 * @module Checks one plugin's configuration against the schemas in the manifests of the plugin and of its IPAM plugin.
 */

import { isJsonObject } from "../../spec/json.ts";
import type { JsonObject } from "../../spec/json.ts";
import { deriveRequestConfiguration } from "../../spec/request.ts";
import { alignTo, unknownFields } from "./alignment.ts";
import type { OwnParts, OwnProblem, ServedBy } from "./parts.ts";

/** Fields that are everybody's. Source: CNI SPEC 1.1.0, section 1, "Plugin configuration objects"; CNI CONVENTIONS. */
const GENERAL = new Set([
  "type",
  "name",
  "cniversion",
  "capabilities",
  "runtimeconfig",
  "args",
  "ipam",
  "dns",
  "ipmasq",
]);
/** Fields that only a runtime writes: what a file has there is replaced. */
const DERIVED = new Set(["runtimeconfig", "prevresult"]);

/** Checks the configuration. Both plugins are handed the whole of it, so a field counts as unknown where neither knows it. */
export function checkConfiguration(own: OwnParts): readonly OwnProblem[] {
  const { type, ipamType = "" } = own.configuration;
  return [
    ...checkAgainst(own, own.main, type),
    ...(own.ipam === undefined ? [] : checkAgainst(own, own.ipam, ipamType)),
    ...checkFields(own),
  ];
}

function schemaOf(by: ServedBy | undefined): JsonObject | undefined {
  const schema = by?.kind === "component" ? by.manifest.configurationSchema : undefined;
  return isJsonObject(schema) ? schema : undefined;
}

function checkAgainst(
  { network, configuration, checkSchema }: OwnParts,
  by: ServedBy,
  type: string,
): readonly OwnProblem[] {
  const schema = schemaOf(by);
  if (schema === undefined) return [];
  const { configuration: handed } = deriveRequestConfiguration(network, configuration, {});
  const outcome = checkSchema(schema, alignTo(schema, handed));
  if ("unusable" in outcome) {
    const message = `its configuration schema cannot be used: ${outcome.unusable}`;
    return [{ type, severity: "warning", message, fix: "tell the plugin's author; the configuration was not checked" }];
  }
  return outcome.violations.map(({ pointer, message }) => ({
    type,
    severity: "error",
    message: `${pointer === "" ? "the configuration" : pointer} ${message}`,
    fix: "change the configuration: the plugin's README has its fields",
  }));
}

function checkFields({ configuration, main, ipam }: OwnParts): readonly OwnProblem[] {
  const { type, object } = configuration;
  const derived = Object.keys(object).filter((key) => DERIVED.has(key.toLowerCase()) || key.startsWith("cni.dev/"));
  const [mainSchema, ipamSchema] = [schemaOf(main), schemaOf(ipam)];
  // Without a schema nobody can say what a plugin does not know.
  const isKnown = mainSchema === undefined || (ipam !== undefined && ipamSchema === undefined);
  const ofMain = isKnown ? [] : unknownFields(mainSchema, object);
  const ofIpam = ipamSchema === undefined ? undefined : new Set(unknownFields(ipamSchema, object));
  const unknown = ofMain.filter((pointer) => !isGeneral(pointer) && (ofIpam === undefined || ofIpam.has(pointer)));
  return [
    ...derived.map((key) => ({
      type,
      severity: "warning" as const,
      message: `${JSON.stringify(key)} is the runtime's to write`,
      fix: "remove it",
    })),
    ...unknown
      .filter((pointer) => !derived.includes(pointer.slice(1)))
      .map((pointer) => ({
        type,
        severity: "warning" as const,
        message: `no plugin knows ${pointer}`,
        fix: "remove it, or look for a misspelling",
      })),
  ];
}

function isGeneral(pointer: string): boolean {
  const [, key = "", ...rest] = pointer.split("/");
  return rest.length === 0 && (GENERAL.has(key.toLowerCase()) || key.startsWith("cni.dev~1"));
}
