/**
 * @module What the kernel refused, as a value to branch on.
 */

/** A call that the kernel, or a library that speaks for it, refused. Branch on `errno`. */
export class KernelError extends Error {
  override readonly name: string = "KernelError";
  /**
   * Name of the error number, such as `EEXIST`. Besides the kernel's own: `EOVERFLOW` for a list longer than asked for,
   * `ETIMEDOUT` for a kernel that does not answer, `EPROTO` for an answer that is none, `ENOSYS` for a missing library.
   */
  readonly errno: string;
  /** What was asked, such as `RTM_NEWLINK veth`. */
  readonly call: string;

  constructor(errno: string, call: string, details?: string) {
    super(details === undefined ? `${call}: ${errno}` : `${call}: ${errno}: ${details}`);
    this.errno = errno;
    this.call = call;
  }
}

/** Tells a KernelError, and one with that error number where it is given. */
export function isKernelError(value: unknown, errno?: string): value is KernelError {
  return value instanceof KernelError && (errno === undefined || value.errno === errno);
}

/**
 * Runs something of `node:fs` and gives its error as a KernelError.
 * @throws {KernelError} with the code of the file system's error.
 */
export function withErrno<Result>(call: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw convertSystemError(call, error);
  }
}

/** Gives an error of `node:fs` as a KernelError; any other stays as it is. */
export function convertSystemError(call: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string" || !error.code.startsWith("E"))
    return error;
  return new KernelError(error.code, call);
}
