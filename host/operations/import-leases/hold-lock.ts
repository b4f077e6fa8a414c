/**
 * @module Holds a lock of flock(2) without a foreign function interface: flock(1) takes it on a descriptor that it shares with this process,
 * and this process keeps it.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync } from "node:fs";
import { CniError } from "../../spec/error.ts";

/** Where flock of util-linux is. Not searched on a PATH: root does not run what an environment names. */
const FLOCK_PATHS = ["/usr/bin/flock", "/bin/flock"];
/** How long the lock is waited for, in seconds. */
const WAIT_SECONDS = 10;
/** What flock exits with when the time is over. Source: flock(1), `--conflict-exit-code`. */
const CONFLICT_EXIT_CODE = 75;

/**
 * Takes the lock of a file and holds it until it is disposed. A file that is not there is not made: nobody holds its lock.
 * @throws {CniError} tryAgainLater when somebody keeps it; missingFeature without flock(1); ioFailure for what is no file of its own.
 */
export function holdLock(path: string, shownPath: string): Disposable {
  const fd = openLock(path, shownPath);
  if (fd === undefined) return { [Symbol.dispose]: () => undefined };
  try {
    takeLock(fd, shownPath);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}

function openLock(path: string, shownPath: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") return undefined;
    throw new CniError("ioFailure", `${JSON.stringify(shownPath)} cannot be locked`, { details: String(cause), cause });
  }
}

function takeLock(fd: number, shownPath: string): void {
  const flock = FLOCK_PATHS.find((path) => existsSync(path));
  if (flock === undefined) {
    throw new CniError("missingFeature", "flock is not installed", {
      details: `want it at ${FLOCK_PATHS.join(" or ")} (package util-linux)`,
    });
  }
  const args = ["--exclusive", "--wait", String(WAIT_SECONDS), "--conflict-exit-code", String(CONFLICT_EXIT_CODE), "3"];
  const { status, error } = spawnSync(flock, args, { env: {}, stdio: ["ignore", "ignore", "ignore", fd] });
  if (status === 0) return;
  if (status === CONFLICT_EXIT_CODE) {
    throw new CniError("tryAgainLater", `${JSON.stringify(shownPath)} is locked`, {
      details: `another process has held it for ${WAIT_SECONDS} s`,
    });
  }
  throw new CniError("ioFailure", `${JSON.stringify(shownPath)} cannot be locked`, {
    details: error === undefined ? `flock exited with ${status}` : error.message,
  });
}
