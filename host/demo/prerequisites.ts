/**
 * @module What the machine must have for tests, demo and benchmarks: checked, installed where that can be done, said clearly where not.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";

interface Prerequisite {
  /** Debian's package. */
  readonly packageName: string;
  readonly isPresent: () => boolean;
  readonly why: string;
}

const SEARCH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"] as const;

function hasCommand(name: string): boolean {
  return SEARCH.some((folder) => existsSync(`${folder}/${name}`));
}

function hasLibrary(pattern: string): boolean {
  return (
    globSync([`/usr/lib/*/${pattern}`, `/usr/lib/${pattern}`, `/lib/*/${pattern}`, `/usr/lib64/${pattern}`]).length > 0
  );
}

/** What the project itself needs to run. */
const TO_RUN: readonly Prerequisite[] = [
  {
    packageName: "util-linux",
    isPresent: () => hasCommand("unshare") && hasCommand("setpriv"),
    why: "unshare and setpriv start the sandboxes",
  },
  { packageName: "iproute2", isPresent: () => hasCommand("ip"), why: "ip makes the namespaces" },
  {
    packageName: "libnftables1",
    isPresent: () => hasLibrary("libnftables.so.1"),
    why: "the helper masquerades through it",
  },
  { packageName: "nftables", isPresent: () => hasCommand("nft"), why: "nft shows the rules that were made" },
  { packageName: "iputils-ping", isPresent: () => hasCommand("ping"), why: "ping proves that the network works" },
];

/** What its tests need besides. */
const TO_TEST: readonly Prerequisite[] = [
  { packageName: "procps", isPresent: () => hasCommand("sysctl"), why: "sysctl sets what a namespace begins with" },
  { packageName: "gcc", isPresent: () => hasCommand("gcc"), why: "an attacker in C takes a sandbox's place" },
  { packageName: "libc6-dev", isPresent: () => existsSync("/usr/include/stdio.h"), why: "the same" },
  { packageName: "clang", isPresent: () => hasCommand("clang"), why: "a plugin in C brings a standard library" },
  { packageName: "lld", isPresent: () => hasCommand("wasm-ld"), why: "the same" },
  { packageName: "wasi-libc", isPresent: () => existsSync("/usr/include/wasm32-wasi/stdio.h"), why: "the same" },
  {
    packageName: "libclang-rt-14-dev-wasm32",
    isPresent: () => globSync("/usr/lib/llvm-*/lib/clang/*/lib/wasi").length > 0,
    why: "the same",
  },
];

/** What the tests of real runtimes need; where they cannot be had, those tests are skipped. */
const TO_TEST_RUNTIMES: readonly Prerequisite[] = [
  {
    packageName: "podman",
    isPresent: () => hasCommand("podman"),
    why: "podman runs containers through our executables",
  },
  { packageName: "conmon", isPresent: () => hasCommand("conmon"), why: "podman needs it" },
  { packageName: "runc", isPresent: () => hasCommand("runc"), why: "podman and containerd need it" },
  { packageName: "containerd", isPresent: () => hasCommand("containerd"), why: "containerd does the same" },
  {
    packageName: "busybox-static",
    isPresent: () => hasCommand("busybox"),
    why: "it is all that a test's container has",
  },
  { packageName: "iptables", isPresent: () => hasCommand("iptables"), why: "the reference plugins need it" },
  {
    packageName: "dbus",
    isPresent: () => hasCommand("dbus-daemon") && hasCommand("dbus-send"),
    why: "firewalld is asked over it",
  },
  {
    packageName: "firewalld",
    isPresent: () => hasCommand("firewalld"),
    why: "a packet filter that is asked, not written",
  },
  {
    packageName: "containernetworking-plugins",
    isPresent: () => existsSync("/usr/lib/cni/bridge"),
    why: "the reference plugins' results are compared with ours",
  },
];

/**
 * Installs what is missing with apt-get where there is one and this is root; `forTests`: what tests need as well.
 * Ends the process with status 1, naming packages and reasons, where it cannot.
 */
export function ensurePrerequisites(options: { readonly forTests?: boolean } = {}): void {
  const wanted = options.forTests === true ? [...TO_RUN, ...TO_TEST] : TO_RUN;
  const missing = wanted.filter(({ isPresent }) => !isPresent());
  if (missing.length > 0 && process.getuid?.() === 0 && hasCommand("apt-get")) installPackages(missing);
  if (options.forTests === true) ensureRuntimes();
  const still = missing.filter(({ isPresent }) => !isPresent());
  if (still.length === 0) return;
  for (const { packageName, why } of still) console.error(`missing: ${packageName} (${why})`);
  console.error(`install them with: apt-get install ${still.map(({ packageName }) => packageName).join(" ")}`);
  process.exit(1);
}

/** Installs runtimes where that can be done; says which tests are skipped where it cannot. */
function ensureRuntimes(): void {
  const missing = TO_TEST_RUNTIMES.filter(({ isPresent }) => !isPresent());
  if (missing.length > 0 && process.getuid?.() === 0 && hasCommand("apt-get")) installPackages(missing);
  for (const { packageName, isPresent, why } of missing)
    if (!isPresent()) console.error(`not installed: ${packageName} (${why}); the tests that need it are skipped`);
}

function installPackages(missing: readonly Prerequisite[]): void {
  const names = missing.map(({ packageName }) => packageName);
  console.error(`installing ${names.join(", ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore", env });
  spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names], {
    stdio: ["ignore", "ignore", "inherit"],
    env,
  });
}
