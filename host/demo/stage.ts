/**
 * @module Where the demo plays: a "node" network namespace of its own, and containers' namespaces below it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** Set for the process that is inside already. */
export const INSIDE = "--inside";
/** Exit code of a machine that cannot run the demo. Source: sysexits.h, EX_UNAVAILABLE. */
const UNAVAILABLE = 69;

/** Runs this program again where the machine's own network is out of reach, and gives its exit code. */
export function runInside(entry: string, arguments_: readonly string[]): number {
  const isRoot = process.getuid?.() === 0;
  const flags = isRoot ? ["--net", "--mount"] : ["--user", "--map-root-user", "--net", "--mount"];
  if (!isRoot && spawnSync("unshare", [...flags, "true"], { stdio: "ignore" }).status !== 0) {
    console.error("The demo needs root, or a kernel that lets a user make user namespaces");
    console.error(
      "(sysctl user.max_user_namespaces above 0; on Debian kernel.unprivileged_userns_clone = 1; no AppArmor restriction).",
    );
    return UNAVAILABLE;
  }
  const { status } = spawnSync(
    "unshare",
    [...flags, "--", process.execPath, "--disable-warning=ExperimentalWarning", entry, INSIDE, ...arguments_],
    { stdio: "inherit" },
  );
  return status ?? 1;
}

/** Runs a command and gives its output. */
export function run(command: string, ...arguments_: readonly string[]): string {
  return execFileSync(command, arguments_, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Makes the node: its loopback up, and a /run of its own, in which namespaces are named. */
export function prepareNode(): void {
  run("mount", "-t", "tmpfs", "tmpfs", "/run");
  mkdirSync("/run/netns");
  run("ip", "link", "set", "lo", "up");
}

/** A container: nothing but a namespace. */
export interface Container {
  readonly name: string;
  readonly netns: string;
}

/** Makes a container's namespace. */
export function createContainer(name: string): Container {
  run("ip", "netns", "add", name);
  return { name, netns: `/run/netns/${name}` };
}

/** Removes it. */
export function deleteContainer({ name }: Container): void {
  run("ip", "netns", "del", name);
}

/** Sends one ping from a container; the line with its time. @throws {Error} when nothing comes back. */
export function ping(container: Container, address: string): string {
  const output = run("ip", "netns", "exec", container.name, "ping", "-c", "1", "-W", "2", address);
  return output.split("\n").find((line) => line.includes("time=")) ?? output;
}

/** What is left in the node's namespace besides its loopback: links, addresses, rules. Empty: nothing. */
export function leftovers(): string[] {
  const links = run("ip", "-o", "link").split("\n");
  const addresses = run("ip", "-o", "addr").split("\n");
  const isOther = (line: string): boolean => line !== "" && !/^\d+: lo\b/u.test(line);
  return [...links.filter(isOther), ...addresses.filter(isOther), ...rules()];
}

/** What the packet filter has. */
function rules(): string[] {
  const { stdout, status } = spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
}
