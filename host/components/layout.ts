/**
 * @module Where everything is in the state directory. Pure: builds paths, touches nothing.
 *
 * Everything below the state directory is root's, folders with mode 0700.
 */
import type { Digest } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";

/** State directory of a node, unless the operator says otherwise. */
export const DEFAULT_STATE_DIR = "/var/lib/cnidaria";
/** Content of {@link Layout.version}: the layout that this code reads and writes. */
export const LAYOUT_VERSION = "1\n";

/** `sha256:` and 64 lower-case hexadecimal digits. */
const DIGEST = /^sha256:[0-9a-f]{64}$/u;
/** A plugin type, as a file name. Source: libcni, `pkg/utils/utils.go`, the pattern of plugin types. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/u;

/** Paths below one state directory. */
export interface Layout {
  readonly stateDir: string;
  /** Text: {@link LAYOUT_VERSION}. */
  readonly version: string;
  readonly ledgerDir: string;
  readonly ledger: string;
  /** Its time says when what nothing uses was removed last. */
  readonly upkeep: string;
  readonly callsDir: string;
  readonly locksDir: string;
  readonly componentsDir: string;
  readonly grantsDir: string;
  readonly typesDir: string;
  /** Types whose executables the operator allows. */
  readonly legacyDir: string;
  readonly sandboxRootDir: string;
  /** A folder for each release that executables of `shim install` start; they make it. */
  readonly runtimeDir: string;
  /** Sockets of helpers and warm hosts. */
  readonly runDir: string;
  /** Text: absolute path of host-local's store that leases are written to as well; not there: none. */
  readonly hostLocalStore: string;
  /** Lock of a living operation. */
  readonly call: (operationId: string) => string;
  /** Lock of one container; `hash` is a name made of letters and digits. */
  readonly containerLock: (hash: string) => string;
  readonly componentDir: (digest: Digest) => string;
  readonly component: (digest: Digest) => string;
  readonly manifest: (digest: Digest) => string;
  readonly transpiledDir: (digest: Digest, key: string) => string;
  readonly grant: (digest: Digest) => string;
  /** Text: the digest that `"type": "<type>"` means. */
  readonly type: (type: string) => string;
  /** JSON: that executables of this type may be run, unconfined. */
  readonly legacy: (type: string) => string;
  readonly sandboxRoot: (hash: string) => string;
  /** JSON: the paths of the executables that start what is in a folder of {@link Layout.runtimeDir}. */
  readonly runtimeUsers: (name: string) => string;
}

/** Builds the paths of a state directory. `stateDir` is absolute. */
export function layoutOf(stateDir: string): Layout {
  const root = stateDir.replace(/\/+$/u, "");
  const componentDir = (digest: Digest): string => `${root}/components/${hexOf(digest)}`;
  return {
    stateDir: root,
    version: `${root}/version`,
    ledgerDir: `${root}/ledger`,
    ledger: `${root}/ledger/ledger.db`,
    upkeep: `${root}/ledger/upkeep`,
    callsDir: `${root}/calls`,
    locksDir: `${root}/locks`,
    componentsDir: `${root}/components`,
    grantsDir: `${root}/grants`,
    typesDir: `${root}/types`,
    legacyDir: `${root}/legacy`,
    sandboxRootDir: `${root}/sandbox-root`,
    runtimeDir: `${root}/runtime`,
    runDir: `${root}/run`,
    hostLocalStore: `${root}/host-local-store`,
    call: (operationId) => `${root}/calls/${fileName(operationId)}`,
    containerLock: (hash) => `${root}/locks/container-${fileName(hash)}`,
    componentDir,
    component: (digest) => `${componentDir(digest)}/component.wasm`,
    manifest: (digest) => `${componentDir(digest)}/manifest.json`,
    transpiledDir: (digest, key) => `${componentDir(digest)}/transpiled-${fileName(key)}`,
    grant: (digest) => `${root}/grants/${hexOf(digest)}.json`,
    type: (type) => `${root}/types/${fileName(type)}`,
    legacy: (type) => `${root}/legacy/${fileName(type)}.json`,
    sandboxRoot: (hash) => `${root}/sandbox-root/${fileName(hash)}`,
    runtimeUsers: (name) => `${root}/runtime/${fileName(name)}.users.json`,
  };
}

/** Folders that must be there before anything is stored, outermost first. */
export function foldersOf(layout: Layout): readonly string[] {
  return [
    layout.stateDir,
    layout.ledgerDir,
    layout.callsDir,
    layout.locksDir,
    layout.componentsDir,
    layout.grantsDir,
    layout.typesDir,
    layout.legacyDir,
    layout.sandboxRootDir,
    layout.runDir,
  ];
}

/** Tells whether a text is a digest: `sha256:` and 64 lower-case hexadecimal digits. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/**
 * Parses a digest.
 * @throws {CniError} componentRejected when it is not one.
 */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new CniError("componentRejected", `${JSON.stringify(text)} is not a digest`, {
      details: 'want "sha256:" and 64 lower-case hexadecimal digits',
    });
  }
  return text;
}

/** Gives the 64 hexadecimal digits of a digest. Does not trust: checks the digest again, because it becomes part of a path. */
export function hexOf(digest: Digest): string {
  return parseDigest(digest).slice("sha256:".length);
}

/**
 * Checks that a name can be one component of a path.
 * @throws {CniError} stateUnusable when it cannot.
 */
function fileName(name: string): string {
  if (!FILE_NAME.test(name)) {
    throw new CniError("stateUnusable", `${JSON.stringify(name)} cannot be a file name`, {
      details: 'want 1 to 128 letters, digits, ".", "_" or "-", a letter or digit first',
    });
  }
  return name;
}
