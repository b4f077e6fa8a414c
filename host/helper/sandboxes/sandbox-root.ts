/**
 * @module The directory that a sandbox sees as "/": Node, its libraries, one bundle, and what drops privileges last.
 */

/** What goes into a root. All paths absolute and trusted: the operator's installation. */
export interface SandboxRootOptions {
  readonly stateDir: string;
  /** The Node binary that this helper runs on. */
  readonly nodePath: string;
  /** One file of JavaScript, an ES module. */
  readonly bundlePath: string;
}

/** A root that is complete. */
export interface SandboxRoot {
  readonly path: string;
}

/**
 * Gives the root for this Node and this bundle, and makes it when it is not there or a file it was made of has changed.
 * @throws {CniError} stateUnusable when it cannot be written; missingFeature when a tool of Debian's is not installed.
 */
export function ensureSandboxRoot(options: SandboxRootOptions): SandboxRoot {
  throw new Error(`unreachable: root for ${options.bundlePath} is not written yet`);
}
