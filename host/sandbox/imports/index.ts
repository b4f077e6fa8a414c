/**
 * @module Every interface that a guest can import, and the import object made of those that were granted.
 */
import { batch } from "./batch.ts";
import { clock } from "./clock.ts";
import { conntrack } from "./conntrack.ts";
import { containerAddresses } from "./container-addresses.ts";
import { containerLinkAttributes } from "./container-link-attributes.ts";
import { containerLinks } from "./container-links.ts";
import { ContainerNamespace } from "./container-namespace.ts";
import { containerRoutes } from "./container-routes.ts";
import { containerRules } from "./container-rules.ts";
import { containerSysctls } from "./container-sysctls.ts";
import type { ImportContext, ImportInterface } from "./definition.ts";
import { forwardRules } from "./forward-rules.ts";
import { hostPorts } from "./host-ports.ts";
import { ipam } from "./ipam.ts";
import { leases } from "./leases.ts";
import { log } from "./log.ts";
import { masquerade } from "./masquerade.ts";
import { nodeAddresses } from "./node-addresses.ts";
import { nodeForwarding } from "./node-forwarding.ts";
import { nodeLinks } from "./node-links.ts";
import { nodeRoutes } from "./node-routes.ts";
import { random } from "./random.ts";
import { resolverFile } from "./resolver-file.ts";
import { shaping } from "./shaping.ts";
import { spoofGuard } from "./spoof-guard.ts";

/** Those that need a grant, in alphabetical order; one file of this folder each. */
export const IMPORT_INTERFACES: readonly ImportInterface[] = [
  clock,
  conntrack,
  containerAddresses,
  containerLinkAttributes,
  containerLinks,
  containerRoutes,
  containerRules,
  containerSysctls,
  hostPorts,
  ipam,
  leases,
  log,
  masquerade,
  forwardRules,
  nodeAddresses,
  nodeForwarding,
  nodeLinks,
  nodeRoutes,
  random,
  resolverFile,
  shaping,
  spoofGuard,
];

/** Package of the interfaces. Source: wit/world.wit. */
const PACKAGE = "cnidaria:plugin";
/** Its version. Generated code asks without it, the generated types with it: both names lead to the same object. */
const VERSION = "0.1.0";

/** Interfaces that are answered in the sandbox: nobody else could refuse them. */
const ANSWERED_HERE: readonly string[] = [clock.name, log.name, random.name];

/**
 * Makes the import object of a guest. What the helper or the host answers is there whether it was granted or not: they refuse what was
 * not, so that a plugin whose grant is narrower than its manifest runs, and its log says which grant is missing. What is answered
 * here traps where it was not granted, but for `log`, which never fails: its lines are dropped. Its objects inherit from nothing, so that no name of `Object` answers for a function that is not there.
 */
export function createImports(capabilities: readonly string[], context: ImportContext): Record<string, unknown> {
  const imports = bare<unknown>();
  const add = (name: string, functions: object): void => {
    imports[`${PACKAGE}/${name}`] = functions;
    imports[`${PACKAGE}/${name}@${VERSION}`] = functions;
  };
  add("types", Object.freeze(bare()));
  add("container-namespace", Object.freeze(Object.assign(bare(), { ContainerNamespace })));
  for (const { name, functions } of [batch, ...IMPORT_INTERFACES]) {
    const refused = ANSWERED_HERE.includes(name) && !capabilities.includes(name) ? refusalOf(name) : undefined;
    const made = bare<unknown>();
    for (const [key, make] of Object.entries(functions)) made[key] = refused ?? make(context);
    add(name, Object.freeze(made));
  }
  return imports;
}

/** Makes what stands for a function that was not granted. Traps the guest where the interface has no error to answer with. */
function refusalOf(capability: string): () => void {
  if (capability === log.name) return () => undefined;
  return () => {
    throw new Error(`capability ${JSON.stringify(capability)} is not granted`);
  };
}

function bare<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
