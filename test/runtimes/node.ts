/**
 * @module A node of a test's own: network, mounts and processes in namespaces that end with it, and with everything in them.
 *
 * Programs in it see the machine's files, but /run, /etc, /opt and /var/lib are the node's own: daemons, configuration
 * and state of the machine are neither seen nor touched. /tmp is the machine's.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { until } from "../host/stage.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Where executables of the node are found; the first folder has the project's command. */
const PATH = "/run/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** How one program ended. */
export interface Outcome {
  /** `null`: a signal ended it, or it took longer than it may. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is started with besides its arguments. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
}

/** A node. */
export interface Node {
  /** A folder that machine and node see at the same path; goes with the node. */
  readonly folder: string;
  /** Runs a program to its end. */
  readonly run: (command: readonly string[], options?: RunOptions) => Outcome;
  /** Runs a program that must succeed, and gives its output. */
  readonly must: (command: readonly string[], options?: RunOptions) => string;
  /** Starts a program that ends with the node at the latest. */
  readonly start: (command: readonly string[]) => ChildProcess;
  /** Writes a file of the node. */
  readonly write: (path: string, text: string) => void;
  /** Makes a container's namespace, and gives its path. */
  readonly addNetns: (name: string) => string;
  /** Ends every process of the node, and removes its folder. */
  readonly close: () => Promise<void>;
}

/**
 * What the first process of the node does: mounts what is its own, then waits, and reaps. The arguments are folders that stay where they
 * are even where a mount hides them.
 */
const INIT = `set -e
keep=$(mktemp -d)
mount -t tmpfs -o mode=755 none "$keep"
for path in "$@"; do mkdir -p "$keep/keep$path"; mount --rbind "$path" "$keep/keep$path"; done
mkdir "$keep/etc" && cp -a /etc/. "$keep/etc"
rm -rf "$keep/etc/cni" "$keep"/etc/containers/containers.conf* "$keep/etc/containers/storage.conf"
for path in /opt /var/lib /run; do mkdir -p "$keep/new$path"; mount --bind "$keep/new$path" $path; done
mount --bind "$keep/etc" /etc
mount -t tmpfs none /dev/shm
for path in "$@"; do [ -e "$path" ] || { mkdir -p "$path"; mount --rbind "$keep/keep$path" "$path"; }; done
mkdir -p /run/netns /run/lock /run/bin /etc/cni/net.d /var/lib/cni
mount -t tmpfs none /run/netns
umount -l "$keep" && rmdir "$keep"
ip link set lo up
echo ready
sleep infinity
exit`;

const ENTER = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"] as const;

/** Makes a node; it has the project's command as `cnidaria`, and nothing installed. */
export async function createNode(): Promise<Node> {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-node-"));
  const kept = [ROOT, dirname(process.execPath)];
  const first = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "--", ...ENTER, "--kill-child=SIGKILL", "--", "sh", "-c", INIT, "sh", ...kept],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  await readyOf(first);
  const node = openNode(folder, first);
  node.write("/run/bin/cnidaria", `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "bin/cnidaria.cjs")}" "$@"\n`);
  node.must(["chmod", "755", "/run/bin/cnidaria"]);
  return node;
}

function readyOf(first: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let complaint = "";
    first.stderr?.on("data", (chunk: Buffer) => {
      complaint += chunk.toString("utf8");
    });
    first.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString("utf8").includes("ready")) done();
    });
    first.once("exit", (status) => fail(new Error(`the node ended with ${String(status)}: ${complaint}`)));
  });
}

function openNode(folder: string, first: ChildProcess): Node {
  const namespaces = `/proc/${String(first.pid)}/ns`;
  const enter = [
    `--net=${namespaces}/net`,
    `--mount=${namespaces}/mnt`,
    `--pid=${namespaces}/pid_for_children`,
    "--wd=/",
  ];
  const run = (command: readonly string[], { env = {}, input = "" }: RunOptions = {}): Outcome => {
    const { status, stdout, stderr } = spawnSync("nsenter", [...enter, "--", ...command], {
      env: { PATH, HOME: "/root", ...env },
      input,
      encoding: "utf8",
      timeout: 60_000,
    });
    return { status, stdout, stderr };
  };
  const must = (command: readonly string[], options?: RunOptions): string => {
    const { status, stdout, stderr } = run(command, options);
    if (status !== 0) throw new Error(`${command.join(" ")} ended with ${String(status)}: ${stderr}${stdout}`);
    return stdout;
  };
  return {
    folder,
    run,
    must,
    start: (command) =>
      spawn("nsenter", [...enter, "--", ...command], {
        env: { PATH, HOME: "/root" },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    write: (path, text) => {
      must(["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path], { input: text });
    },
    addNetns: (name) => {
      must(["ip", "netns", "add", name]);
      return `/run/netns/${name}`;
    },
    close: async () => {
      first.kill("SIGKILL");
      await until(() => first.exitCode !== null || first.signalCode !== null);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What stands for containers in the node: all of it is empty when nothing is attached. */
export interface Remains {
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly leases: readonly unknown[];
  readonly owned: readonly unknown[];
}

/** Nothing at all. */
export const NOTHING: Remains = { links: [], rules: [], leases: [], owned: [] };

/** Reads what is there. */
export function remainsOf(node: Node): Remains {
  const lines = (command: readonly string[]): string[] => node.must(command).split("\n");
  return {
    links: lines(["ip", "-o", "link"]).flatMap((line) => /^\d+: ((?!lo:)[^:@]+)/u.exec(line)?.[1] ?? []),
    rules: lines(["nft", "list", "ruleset"]).filter((line) => /cnidaria|elements/u.test(line)),
    leases: JSON.parse(node.must(["cnidaria", "--json", "leases"])) as unknown[],
    owned: JSON.parse(node.must(["cnidaria", "--json", "ledger"])) as unknown[],
  };
}

/** Makes a folder of the node's, on the machine's disk. */
export function createFolderIn(node: Node, name: string): string {
  const path = join(node.folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}
