/**
 * @module Validates a network's configuration before it is used: nothing is run, nothing is changed.
 */

import { parseNetworkConfiguration } from "../../spec/configuration.ts";
import type { NetworkConfiguration, PluginConfiguration } from "../../spec/configuration.ts";
import { duplicateKeys } from "../../spec/duplicate-keys.ts";
import { isCniError } from "../../spec/error.ts";
import { isJsonObject, readKey } from "../../spec/json.ts";
import type { JsonObject } from "../../spec/json.ts";
import { checkCapabilities } from "./capabilities.ts";
import { checkConfiguration } from "./configuration.ts";
import type { SchemaChecker, ServedBy } from "./parts.ts";
import type { ValidationProblem, ValidationReport } from "./report.ts";

/** What a validation needs to know of the machine. */
export interface ValidationParts {
  /** Says what serves a type. */
  readonly servedBy: (type: string) => ServedBy;
  readonly checkSchema: SchemaChecker;
}

/** Fields of a list. Source: CNI SPEC 1.1.0, section 1, "Network configuration objects". */
const LIST_FIELDS = [
  "cniVersion",
  "cniVersions",
  "name",
  "disableCheck",
  "disableGC",
  "loadOnlyInlinedPlugins",
  "plugins",
];
const LIST_FIELDS_IN_LOWER_CASE = new Set(LIST_FIELDS.map((field) => field.toLowerCase()));

/** Validates a configuration list or the configuration of one plugin. What is wrong with it is in the report: it throws nothing for that. */
export function validateNetwork(parts: ValidationParts, source: string | JsonObject): ValidationReport {
  let network: NetworkConfiguration;
  try {
    network = parseNetworkConfiguration(source);
  } catch (error) {
    if (!isCniError(error)) throw error;
    const { message, details = "see the message" } = error;
    const problem = { plugin: undefined, type: undefined, severity: "error", message, fix: details } as const;
    return { ok: false, name: undefined, cniVersion: undefined, problems: [problem], capabilityArgs: [] };
  }
  const plugins = network.plugins.flatMap((plugin, index) => validatePlugin(parts, network, plugin, index));
  const problems = [...validateList(source), ...plugins];
  return {
    ok: problems.every(({ severity }) => severity !== "error"),
    name: network.name,
    cniVersion: network.cniVersion,
    problems,
    capabilityArgs: [...new Set(network.plugins.flatMap(({ capabilityArgs }) => capabilityArgs))].toSorted(),
  };
}

function validateList(source: string | JsonObject): readonly ValidationProblem[] {
  const text = typeof source === "string" ? source : JSON.stringify(source);
  const list: unknown = JSON.parse(text);
  const isList = isJsonObject(list) && readKey(list, "plugins") !== undefined;
  const unknown = isList ? Object.keys(list).filter((key) => !LIST_FIELDS_IN_LOWER_CASE.has(key.toLowerCase())) : [];
  return [
    ...unknown.map((key) =>
      warning(`a list has no field ${JSON.stringify(key)}`, "remove it, or move it into a plugin"),
    ),
    ...duplicateKeys(text).map(({ pointer, spellings }) =>
      warning(
        `${pointer} is there ${spellings.length} times, as ${spellings.join(", ")}`,
        "keep the last one, which counts",
      ),
    ),
  ];
}

function validatePlugin(
  parts: ValidationParts,
  network: NetworkConfiguration,
  configuration: PluginConfiguration,
  index: number,
): readonly ValidationProblem[] {
  const { type, ipamType } = configuration;
  const main = parts.servedBy(type);
  const ipam = ipamType === undefined || !callsIpam(main) ? undefined : parts.servedBy(ipamType);
  const own = { network, configuration, main, ipam, checkSchema: parts.checkSchema };
  const problems = [
    ...checkServed(network, { type, by: main, isIpam: false }),
    ...(ipam === undefined || ipamType === undefined
      ? []
      : checkServed(network, { type: ipamType, by: ipam, isIpam: true })),
    ...checkConfiguration(own),
    ...checkCapabilities(own),
  ];
  return problems.map((problem) => ({ plugin: index, ...problem }));
}

/** A legacy plugin calls its IPAM plugin by itself, and so it does one that is not there at all. */
function callsIpam(main: ServedBy): boolean {
  return main.kind === "legacy" || main.kind === "none" || main.manifest.capabilities.ipam !== undefined;
}

interface Served {
  readonly type: string;
  readonly by: ServedBy;
  readonly isIpam: boolean;
}

/** Checks that there is something that serves a type, speaks the version and has the verbs. */
function checkServed(
  { cniVersion }: NetworkConfiguration,
  { type, by, isIpam }: Served,
): readonly Omit<ValidationProblem, "plugin">[] {
  const problem = (severity: "error" | "warning", message: string, fix: string) => ({ type, severity, message, fix });
  if (by.kind === "none") {
    const allow =
      by.executable === undefined ? "" : `, or run ${by.executable} unconfined: cnidaria legacy allow ${type}`;
    return [
      problem("error", `no plugin of type ${JSON.stringify(type)} is installed`, `cnidaria install ${type}${allow}`),
    ];
  }
  if (by.kind === "legacy") {
    const unconfined = problem(
      "warning",
      "it is an executable that nothing confines",
      `install a component of that type: cnidaria install ${type}`,
    );
    if (by.executable !== undefined) return [unconfined];
    return [
      unconfined,
      problem("error", "its executable is in none of the plugin directories", "name its directory in CNI_PATH"),
    ];
  }
  const problems = [];
  if (!by.cniVersions.includes(cniVersion))
    problems.push(
      problem(
        "error",
        `it does not speak CNI version ${cniVersion}`,
        `set "cniVersion" to one of ${by.cniVersions.join(", ")}`,
      ),
    );
  const wanted = isIpam ? ["addresses"] : ["attachment", "chained", "addresses"];
  if (!wanted.some((name) => by.exports.includes(name)))
    problems.push(
      problem(
        "error",
        isIpam ? 'it gives no addresses: it cannot be "ipam"' : "it has no verbs",
        `want a plugin that exports ${wanted.join(" or ")}`,
      ),
    );
  return problems;
}

function warning(message: string, fix: string): ValidationProblem {
  return { plugin: undefined, type: undefined, severity: "warning", message, fix };
}
