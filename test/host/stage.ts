/**
 * @module What tests of the whole play on: a state directory with the bundled plugins, containers' namespaces, and what is there.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import { bundledTypes, readBundled } from "../support/bundled.ts";

export const DIST = resolve(import.meta.dirname, "../../dist");

/** Folder that is removed with everything in it. */
export interface Folder extends Disposable {
  readonly path: string;
}

export function createFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "cnidaria-whole-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Installs bundled plugins into a state directory. @default all of them */
export async function installGuests(host: Host, types: readonly string[] = bundledTypes()): Promise<void> {
  await Promise.all(types.map((type) => host.install({ component: readBundled(type) })));
}

/** A host on a state directory of its own that has bundled plugins: those that are named, or all. */
export async function createStage(
  types?: readonly string[],
): Promise<{ readonly folder: Folder; readonly host: Host }> {
  const folder = createFolder();
  const host = await createHost({ stateDir: join(folder.path, "state") });
  await installGuests(host, types);
  return { folder, host };
}

/** A container's namespace with a unique name. */
export interface Container extends Disposable {
  readonly name: string;
  readonly netns: string;
  readonly links: () => string[];
}

export function createContainer(): Container {
  const name = `cnidaria-t-${randomBytes(4).toString("hex")}`;
  execFileSync("ip", ["netns", "add", name]);
  const links = (): string[] => linkNames(execFileSync("ip", ["-n", name, "-o", "link"], { encoding: "utf8" }));
  return {
    name,
    netns: `/run/netns/${name}`,
    links,
    [Symbol.dispose]: () => {
      execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
    },
  };
}

function linkNames(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => /^\d+: ([^:@]+)/u.exec(line)?.[1] ?? [])
    .filter((name) => name !== "lo");
}

/** Links of the node, which the test has for itself. */
export const nodeLinks = (): string[] => linkNames(execFileSync("ip", ["-o", "link"], { encoding: "utf8" }));

/** Elements and chains that stand for containers. */
export function nodeRules(): string[] {
  const text = execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  return text.split("\n").filter((line) => /elements|chain subnet/u.test(line));
}

/** Processes whose command line names the folder, and their children: helpers, sandboxes, warm hosts. */
export function processesOf(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        const root = readlinkSync(`/proc/${name}/root`);
        return command.includes(folder) || root.startsWith(folder) ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}

/** Waits until something holds; fails by the test's own timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A bridge with a gateway and masquerading. `index` keeps networks of one file apart. */
export const bridgeNetwork = (index: number, extra: Record<string, string | number | boolean> = {}) => ({
  cniVersion: "1.1.0",
  name: `net${index}`,
  plugins: [
    {
      type: "bridge",
      bridge: `tb${index}`,
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: "nftables",
      ipam: { type: "host-local", subnet: `10.77.${index}.0/24`, routes: [{ dst: "0.0.0.0/0" }] },
      ...extra,
    },
  ],
});
