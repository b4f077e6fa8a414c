/**
 * @module Session keyrings: keys that a process has because its parent had them, whatever its uid.
 */
import { KernelError } from "./error.ts";
import { controlKeys, lastErrno } from "./libc.ts";

/** Source: linux/keyctl.h. */
const KEYCTL_JOIN_SESSION_KEYRING = 1;
/** `__NR_keyctl`. Source: asm/unistd_64.h; asm-generic/unistd.h. */
const KEYCTL_NUMBER: Readonly<Record<string, number>> = { x64: 250, arm64: 219 };

/**
 * Leaves the session keyring that this thread was started with for a new, empty one, which the processes that it starts from now on
 * share with it until it joins another. Gives the keyring's serial number; `undefined`: the kernel has no keys, or refuses them to
 * this process, and so to its children.
 */
export function joinNewSessionKeyring(): number | undefined {
  const number = KEYCTL_NUMBER[process.arch];
  if (number === undefined) return undefined;
  // NULL as the name: a keyring without one, which nobody else can join.
  const serial = controlKeys(number, KEYCTL_JOIN_SESSION_KEYRING, 0);
  if (serial >= 0) return serial;
  const errno = lastErrno();
  if (errno === "ENOSYS" || errno === "EPERM" || errno === "EDQUOT") return undefined;
  throw new KernelError(errno, "keyctl KEYCTL_JOIN_SESSION_KEYRING");
}
