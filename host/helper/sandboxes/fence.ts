/**
 * @module The command line of a fenced process. Pure: builds it, starts nothing.
 *
 * Each program of the chain does one thing and becomes the next one:
 *
 * | program | what it does |
 * | --- | --- |
 * | setpriv | has the kernel end the process when the helper ends |
 * | prlimit | no core dump, no file content, few processes and descriptors |
 * | unshare | network, IPC, UTS, cgroup, PID and mount namespaces of its own; stays as the parent, its child dies with it |
 * | sh, mount | reduced isolation only: the root is the helper's own uid's, so it is mounted read-only |
 * | chroot | the root, and nothing else of the file system |
 * | setpriv, inside | own uid, no group, no Linux capability now or ever, no new privileges, ends with its parent |
 * | node | `--permission`: no files, no child processes, no workers, no addons |
 */
import type { Isolation } from "../state-directory.ts";
import { INSIDE } from "./sandbox-root.ts";
import type { ToolName } from "./tools.ts";

/** What a fenced process is for. */
export type FencedRole = "sandbox" | "transpiler";

/** What sets one command line apart from another. */
export interface FenceFacts {
  readonly role: FencedRole;
  readonly rootPath: string;
  readonly isolation: Isolation;
  /** `undefined`: the uid stays, reduced isolation. */
  readonly uid: number | undefined;
  readonly pathOf: (tool: ToolName) => string;
}

/** Processes and threads of one uid. Node has eleven threads. */
const PROCESSES_MAX = 64;
const DESCRIPTORS_MAX = 64;

/**
 * One worker thread: each further one keeps memory of its own, together some 16 MiB in a host with two sandboxes. An instance leaves about
 * 1 MB of objects: with no more room than that for young ones, each call waits for a collection. A heap limit ends a sandbox whose guest
 * makes the glue around it grow. A transpiler runs one long computation. No flag here changes what V8 compiles: Node's own code would not be
 * taken from its cache then, and a sandbox would start 11 ms later (`optimizeEarly` sets such a one later).
 */
const NODE_FLAGS: Readonly<Record<FencedRole, readonly string[]>> = {
  sandbox: ["--permission", "--v8-pool-size=1", "--max-semi-space-size=4", "--max-old-space-size=256"],
  transpiler: ["--permission", "--max-old-space-size=1024"],
};

/** Mounts "$1" on itself, read-only, by the tool "$0", and goes on with the arguments after it. */
const MOUNT_READ_ONLY = `"$0" --bind "$1" "$1" && "$0" -o remount,bind,ro,nosuid,nodev "$1" && shift && unset PWD && exec "$@"`;

/** Gives program and arguments, program first. */
export function fenceCommand(facts: FenceFacts): string[] {
  const { role, rootPath, isolation, uid, pathOf } = facts;
  return [
    pathOf("setpriv"),
    "--pdeathsig",
    "SIGKILL",
    "--",
    pathOf("prlimit"),
    "--core=0",
    "--fsize=0",
    `--nofile=${DESCRIPTORS_MAX}`,
    ...(uid === undefined ? [] : [`--nproc=${PROCESSES_MAX}`]),
    "--",
    pathOf("unshare"),
    "--net",
    "--ipc",
    "--uts",
    "--cgroup",
    "--pid",
    "--mount",
    "--fork",
    "--kill-child=SIGKILL",
    "--",
    ...(isolation === "full" ? [] : [pathOf("sh"), "-c", MOUNT_READ_ONLY, pathOf("mount"), rootPath]),
    pathOf("chroot"),
    rootPath,
    INSIDE.setpriv,
    ...(uid === undefined ? [] : ["--reuid", String(uid), "--regid", String(uid), "--clear-groups"]),
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--no-new-privs",
    "--pdeathsig",
    "SIGKILL",
    "--",
    INSIDE.node,
    ...NODE_FLAGS[role],
    INSIDE.bundle,
  ];
}
