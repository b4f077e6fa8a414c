/**
 * @module What tests of legacy executables play on: a host with components of some types, where executables of others are allowed. The
 * executables are those of Debian's containernetworking-plugins, and scripts of the test.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AttachmentRequest, Host, JsonObject } from "../../host/index.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createStateFolder, createTestHost } from "../support/host.ts";

/** Where Debian puts the reference plugins. */
export const REFERENCE = "/usr/lib/cni";

/** A host, and what its tests need beside it. */
export interface LegacyStage extends AsyncDisposable {
  readonly host: Host;
  readonly stateDir: string;
  /** Folder of the test. */
  readonly folder: string;
  /** A container, removed with the stage. */
  readonly newContainer: () => TestContainer;
  /** Writes an executable that is found before those of the reference. */
  readonly script: (type: string, body: string) => void;
  /** A request whose CNI_PATH has the scripts and the reference's executables, with other folders before them. */
  readonly requestOf: (container: TestContainer, network: object, before?: readonly string[]) => AttachmentRequest;
  /** Configuration of the reference's host-local, which keeps its addresses in the folder of the test. */
  readonly ipam: (index: number) => JsonObject;
  /** Addresses that it gave. */
  readonly leasesOf: (network: string) => readonly string[];
  /** Calls of executables on record: type, verb and outcome. */
  readonly legacyCalls: () => Promise<readonly string[]>;
}

/** Makes the host: components of some types, executables of others. */
export async function createLegacyStage(plugins: readonly string[], legacy: readonly string[]): Promise<LegacyStage> {
  const folder = createStateFolder();
  mkdirSync(join(folder, "bin"));
  const made = await createTestHost({ plugins });
  const { host, stateDir } = made;
  for (const type of legacy) await host.allowLegacy(type);
  const containers: TestContainer[] = [];
  return {
    host,
    stateDir,
    folder,
    newContainer: () => {
      const container = createContainer();
      containers.push(container);
      return container;
    },
    script: (type, body) => writeFileSync(join(folder, "bin", type), `#!/bin/sh\n${body}\n`, { mode: 0o755 }),
    requestOf: (container, network, before = []) => ({
      network: JSON.stringify(network),
      containerId: container.id,
      netns: container.netns,
      ifname: "eth0",
      pluginDirs: [...before, join(folder, "bin"), REFERENCE],
    }),
    ipam: (index) => ({
      type: "host-local",
      subnet: `10.78.${index}.0/24`,
      routes: [{ dst: "0.0.0.0/0" }],
      dataDir: join(folder, "leases"),
    }),
    leasesOf: (network) => leasesIn(join(folder, "leases", network)),
    legacyCalls: () => legacyCallsOf(host),
    [Symbol.asyncDispose]: async () => {
      for (const container of containers.splice(0)) container[Symbol.dispose]();
      await made[Symbol.asyncDispose]();
      removeRemains();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function leasesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[\d.]+$/u.test(name)) : [];
}

async function legacyCallsOf(host: Host): Promise<readonly string[]> {
  return (await host.log({ limit: 1000 })).flatMap(({ event, data }) => {
    const { type, verb, outcome } = JSON.parse(data) as Record<string, string>;
    return event === "legacy-call" ? [`${type} ${verb} ${outcome}`] : [];
  });
}

/** Removes what the reference plugins leave on a node by design: their bridge, and the frame of their rules. */
function removeRemains(): void {
  const links = execFileSync("ip", ["-o", "link", "show", "type", "bridge"], { encoding: "utf8" });
  for (const [, bridge = ""] of links.matchAll(/^\d+: (tl\d+):/gmu)) execFileSync("ip", ["link", "del", bridge]);
  execFileSync("nft", ["flush", "ruleset"]);
  const text = execFileSync("nft", ["list", "tables"], { encoding: "utf8" });
  for (const [, family = "", name = ""] of text.matchAll(/^table (\S+) (\S+)/gmu))
    execFileSync("nft", ["delete", "table", family, name]);
}
