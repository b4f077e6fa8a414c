/**
 * @module Installs a component: digest, parse, verify, transpile, verify again, store; the grant and the type's name come last.
 */
import { beyondManifest, difference, offerGrant, type Change, type OfferedGrant } from "../grants/arithmetic.ts";
import type { Capabilities, Grant, Manifest } from "../grants/grant.ts";
import type { Digest, Limits } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";
import { parseIfName } from "../spec/names.ts";
import { createFolder, writeFileAtomically, writeFolderAtomically } from "./atomic-file.ts";
import { parseComponent } from "./component.ts";
import { digestOf, sha256Hex } from "./digest.ts";
import { foldersOf, layoutOf } from "./layout.ts";
import { parseManifestOf } from "./manifest.ts";
import { readPresentGrant } from "./store.ts";
import { TRANSPILE_OPTIONS, TRANSPILER_VERSION, type Transpile, type Transpiled } from "./transpile-protocol.ts";
import { judgeNames, verifyComponent } from "./verify.ts";

/** What to install. */
export interface InstallRequest {
  readonly stateDir: string;
  readonly component: Uint8Array;
  /** What the component is expected to be; `undefined`: whatever it is. */
  readonly digest?: Digest | undefined;
  /** JSON value of a manifest that came beside the component; `undefined`: the one inside it. */
  readonly manifest?: unknown;
  /** What the operator grants; `undefined`: all that the manifest asks for, but no link that others made. */
  readonly capabilities?: Capabilities | undefined;
  /** Bridges that others made and that it may use. What no plugin asks for: the operator adds them. */
  readonly adopt?: readonly string[] | undefined;
  /** Limits that the operator sets; the others are the manifest's. */
  readonly limits?: Partial<Limits> | undefined;
}

/** What an installation would do. Nothing is changed yet. */
export interface InstallPlan {
  readonly stateDir: string;
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** What would be granted. */
  readonly grant: OfferedGrant;
  /** Component that the type names now; `undefined`: none. */
  readonly replaces: Digest | undefined;
  /** Against the present grant of the type, the gravest first; all is added when there is none. */
  readonly changes: readonly Change[];
  readonly component: Uint8Array;
}

/**
 * Says what an installation would do.
 * @throws {CniError} componentRejected when the bytes are not the expected ones, no component, or not what the manifest says.
 * @throws {CniError} notPermitted when more would be granted than the manifest asks for.
 */
export async function planInstall(request: InstallRequest): Promise<InstallPlan> {
  const { stateDir, component } = request;
  const digest = digestOf(component);
  if (request.digest !== undefined && request.digest !== digest) {
    throw new CniError("componentRejected", "the component is not the expected one", {
      details: `want ${request.digest}, got ${digest}`,
    });
  }
  const parsed = parseComponent(component);
  const manifest = parseManifestOf(parsed.manifest, request.manifest);
  const verdict = verifyComponent({ ...parsed, manifest });
  if (!verdict.accepted) throw rejectedFor(manifest.type, verdict.problems);
  const grant = settleGrant(manifest, request);
  const present = await readPresentGrant(layoutOf(stateDir), manifest.type);
  return {
    stateDir,
    digest,
    manifest,
    grant,
    replaces: present?.digest,
    changes: difference(present?.grant, grant),
    component,
  };
}

/**
 * Does what a plan says. Until its last step, the type names what it named before.
 * @throws {CniError} componentRejected when the code made of the component is not harmless, or cannot be made.
 */
export async function commitInstall(
  plan: InstallPlan,
  transpile: Transpile,
  now: () => Date = () => new Date(),
): Promise<Grant> {
  const layout = layoutOf(plan.stateDir);
  const { memoryBytes } = plan.grant.limits;
  const transpiled = await transpile(plan.component, { memoryBytes });
  const problems = judgeNames(transpiled.coreNames);
  if (problems.length > 0) throw rejectedFor(plan.manifest.type, problems);
  const grant = completeGrant(plan, transpiled, now());
  for (const folder of [...foldersOf(layout), layout.componentDir(plan.digest)]) await createFolder(folder);
  await writeFileAtomically(layout.component(plan.digest), plan.component);
  await writeFileAtomically(layout.manifest(plan.digest), `${JSON.stringify(plan.manifest, null, 2)}\n`);
  await writeFolderAtomically(layout.transpiledDir(plan.digest, grant.transpiled.key), transpiled.files);
  await writeFileAtomically(layout.grant(plan.digest), `${JSON.stringify(grant, null, 2)}\n`);
  await writeFileAtomically(layout.type(grant.type), `${plan.digest}\n`);
  return grant;
}

/** Plans and commits. Throws what those throw. */
export async function install(
  request: InstallRequest,
  transpile: Transpile,
  now?: () => Date,
): Promise<{ readonly plan: InstallPlan; readonly grant: Grant }> {
  const plan = await planInstall(request);
  return { plan, grant: await commitInstall(plan, transpile, now) };
}

/** Gives the key of transpiled code: what it depends on besides the component. */
export function transpileKey(memoryBytes: number): string {
  return sha256Hex(JSON.stringify({ version: TRANSPILER_VERSION, options: TRANSPILE_OPTIONS, memoryBytes })).slice(
    0,
    16,
  );
}

/** Gives what is granted: the operator's scopes, which may not pass the manifest's. */
function settleGrant(manifest: Manifest, { capabilities, limits, adopt = [] }: InstallRequest): OfferedGrant {
  const offered = offerGrant(manifest);
  const given = Object.fromEntries(
    Object.entries(limits ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<Limits>;
  const grant = {
    ...offered,
    capabilities: capabilities ?? offered.capabilities,
    limits: { ...offered.limits, ...given },
  };
  const beyond = beyondManifest(manifest, grant);
  if (beyond.length > 0) {
    throw new CniError("notPermitted", `more would be granted than plugin ${JSON.stringify(manifest.type)} asks for`, {
      details: beyond.join("\n"),
    });
  }
  return adopt.length === 0 ? grant : { ...grant, capabilities: withAdopted(manifest, grant.capabilities, adopt) };
}

/**
 * Adds bridges that others made.
 * @throws {CniError} notPermitted for a plugin that may use no bridge; invalidEnvironment for what is no name of a link.
 */
function withAdopted({ type }: Manifest, capabilities: Capabilities, adopt: readonly string[]): Capabilities {
  const nodeLinks = capabilities["node-links"];
  const names = adopt.map(parseIfName);
  if (nodeLinks !== undefined && nodeLinks.bridges.length > 0)
    return { ...capabilities, "node-links": { ...nodeLinks, adopt: names } };
  throw new CniError("notPermitted", `plugin ${JSON.stringify(type)} plugs into no bridge: there is nothing to adopt`);
}

function completeGrant(plan: InstallPlan, { files }: Transpiled, now: Date): Grant {
  const digests = Object.fromEntries(files.map(({ name, bytes }) => [name, sha256Hex(bytes)]));
  return {
    ...plan.grant,
    digest: plan.digest,
    transpiled: { key: transpileKey(plan.grant.limits.memoryBytes), files: digests },
    grantedAt: now.toISOString(),
  };
}

function rejectedFor(type: string, problems: readonly string[]): CniError {
  return new CniError("componentRejected", `plugin ${JSON.stringify(type)} is not what its manifest says`, {
    details: problems.join("\n"),
  });
}
