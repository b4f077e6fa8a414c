/**
 * @module Whether a component is what its manifest says, and safe to make code from. Pure: values in, verdict out.
 */

/** Package and version of the contract. Source: wit/world.wit. */
const PACKAGE = "cnidaria:plugin";
/** Versions of the package that this host speaks: 0.1.x. */
const SPOKEN_VERSION = /^0\.1\.(0|[1-9][0-9]{0,5})$/u;

/** Interfaces that grant nothing: shared types, the handle that stands for the container, and several operations in one go. */
export const FREE_INTERFACES: readonly string[] = ["types", "container-namespace", "batch"];
/** Interfaces that a plugin may export. Source: wit/. */
export const EXPORT_INTERFACES: readonly string[] = [
  "attachment",
  "chained",
  "addresses",
  "network",
  "container",
  "validate",
];
/** Of those, the ones of which a plugin has at least one. */
export const MAIN_EXPORTS: readonly string[] = ["attachment", "chained", "addresses"];
/** Functions that engines export beside the plugin's interfaces. They are never called. */
export const ENGINE_EXPORTS: readonly string[] = ["init"];
/** Packages of WASI 0.2 that a sandbox answers. HTTP is not one of them. */
const WASI_PACKAGES: readonly string[] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/** Characters that real core modules use in names of imports and exports. Generated code is made from these names. */
const NAME_CHARACTERS = /^[A-Za-z0-9 #$()\-./:=>@[\]_|]{0,512}$/u;
/** An interface with its version: `cnidaria:plugin/log@0.1.0`. */
const INTERFACE_NAME = /^([a-z][a-z0-9-]*:[a-z][a-z0-9-]*)\/([a-z][a-z0-9-]*)(?:@([0-9A-Za-z.+-]+))?$/u;

/** A component as it was found, and what it claims. */
export interface Evidence {
  /** Component-level imports, with their versions. */
  readonly imports: readonly string[];
  /** Component-level exports, with their versions. */
  readonly exports: readonly string[];
  /** Every other name that may reach generated code: of core modules and of inner components. */
  readonly innerNames: readonly string[];
  readonly manifest: Claims;
}

/** The part of a manifest that the bytes have to bear out. */
export interface Claims {
  /** Exported interfaces, such as `attachment`. */
  readonly exports: readonly string[];
  /** By name of the interface. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly wasi?: boolean | undefined;
}

/** Every reason why a component is refused, or what it uses. */
export type Verdict =
  | {
      readonly accepted: true;
      readonly capabilities: readonly string[];
      readonly wasi: boolean;
      readonly exports: readonly string[];
    }
  | { readonly accepted: false; readonly problems: readonly string[] };

/** An imported interface, by whom it is answered. */
type ImportKind = { readonly capability: string } | "free" | "wasi" | { readonly problem: string };

/** Judges a component: its imports are in the manifest, its exports on the list, its names harmless. */
export function verifyComponent({ imports, exports, innerNames, manifest }: Evidence): Verdict {
  const kinds = imports.map(judgeImport);
  const capabilities = kinds.flatMap((kind) =>
    typeof kind === "object" && "capability" in kind ? [kind.capability] : [],
  );
  const exported = exports.map(interfaceOfExport);
  const interfaces = exported.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const problems = [
    ...kinds.flatMap((kind) => (typeof kind === "object" && "problem" in kind ? [kind.problem] : [])),
    ...exported.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
    ...judgeCapabilities(capabilities, manifest),
    ...(kinds.includes("wasi") && manifest.wasi !== true
      ? ['it imports "wasi:…", and its manifest does not say "wasi": true']
      : []),
    ...judgeExports(interfaces, manifest),
    ...judgeNames(innerNames),
  ];
  if (problems.length > 0) return { accepted: false, problems };
  return {
    accepted: true,
    capabilities: [...new Set(capabilities)].sort(),
    wasi: kinds.includes("wasi"),
    exports: [...interfaces].sort(),
  };
}

/** Judges names alone, those that only the transpiler sees. Gives a problem for each that is not harmless, ten at most. */
export function judgeNames(names: readonly string[]): string[] {
  return [...new Set(names)]
    .filter((name) => !NAME_CHARACTERS.test(name))
    .slice(0, 10)
    .map(
      (name) =>
        `the name ${JSON.stringify(name.slice(0, 80))} has characters that names of real components do not have`,
    );
}

function judgeImport(name: string): ImportKind {
  const quoted = JSON.stringify(name.slice(0, 120));
  const [, packageName, interfaceName = "", version] = INTERFACE_NAME.exec(name) ?? [];
  if (packageName === undefined) return { problem: `it imports ${quoted}, which is no interface` };
  if (packageName.startsWith("wasi:")) {
    const isAnswered =
      WASI_PACKAGES.includes(packageName.slice("wasi:".length)) && /^0\.2\.[0-9]+$/u.test(version ?? "");
    return isAnswered ? "wasi" : { problem: `it imports ${quoted}, which no sandbox answers` };
  }
  if (packageName !== PACKAGE) return { problem: `it imports ${quoted}, which no sandbox answers` };
  if (!isSpoken(version)) return { problem: `it imports ${quoted}; this host speaks ${PACKAGE} 0.1.x` };
  return FREE_INTERFACES.includes(interfaceName) ? "free" : { capability: interfaceName };
}

function judgeCapabilities(capabilities: readonly string[], manifest: Claims): string[] {
  return capabilities
    .filter((capability) => !Object.hasOwn(manifest.capabilities, capability))
    .map((capability) => `it imports ${JSON.stringify(capability)}, and its manifest does not ask for that capability`);
}

/** Gives the interface that an export is; none for an engine's own function. */
function interfaceOfExport(name: string): { readonly name?: string; readonly problem?: string } {
  if (ENGINE_EXPORTS.includes(name)) return {};
  const quoted = JSON.stringify(name.slice(0, 120));
  const [, packageName, interfaceName = "", version] = INTERFACE_NAME.exec(name) ?? [];
  if (packageName !== PACKAGE || !EXPORT_INTERFACES.includes(interfaceName)) {
    return { problem: `it exports ${quoted}, which is not one of ${EXPORT_INTERFACES.join(", ")}` };
  }
  if (!isSpoken(version)) return { problem: `it exports ${quoted}; this host speaks ${PACKAGE} 0.1.x` };
  return { name: interfaceName };
}

function judgeExports(interfaces: readonly string[], manifest: Claims): string[] {
  const problems = [
    ...manifest.exports
      .filter((name) => !interfaces.includes(name))
      .map((name) => `its manifest says that it exports ${JSON.stringify(name)}, and it does not`),
    ...interfaces
      .filter((name) => !manifest.exports.includes(name))
      .map((name) => `it exports ${JSON.stringify(name)}, and its manifest does not say so`),
  ];
  if (!interfaces.some((name) => MAIN_EXPORTS.includes(name)))
    problems.push(`it exports none of ${MAIN_EXPORTS.join(", ")}`);
  if (new Set(interfaces).size !== interfaces.length) problems.push("it exports one interface in two versions");
  return problems;
}

function isSpoken(version: string | undefined): boolean {
  return version !== undefined && SPOKEN_VERSION.test(version);
}
