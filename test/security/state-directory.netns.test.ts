/**
 * @module A state directory that cannot be used, and a machine that lacks something: a clear error before anything is done.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import { createStateFolder, createTestHost } from "../support/host.ts";
import { processesOf } from "../support/processes.ts";
import { failureOf, snapshot } from "../support/snapshot.ts";

const NOBODY = 65_534;

let folder: string;
beforeEach(() => {
  folder = createStateFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a host on a state directory and asks it something; gives the error. */
async function failureOn(stateDir: string): Promise<{ readonly code: number; readonly text: string }> {
  await using host = await createHost({ stateDir });
  const before = await snapshot();
  const { code, text } = await failureOf(host.list());
  expect(await snapshot()).toEqual(before);
  return { code, text };
}

describe("a state directory", () => {
  test.for<{ how: string; says: RegExp; make: (path: string) => void }>([
    { how: "that others may write to", says: /mode 0777/u, make: (path) => (mkdirSync(path), chmodSync(path, 0o777)) },
    {
      how: "of somebody else",
      says: /uid 65534/u,
      make: (path) => (mkdirSync(path, { mode: 0o700 }), chownSync(path, NOBODY, NOBODY)),
    },
    { how: "that is a file", says: /not a directory/u, make: (path) => writeFileSync(path, "") },
    {
      how: "of a newer version",
      says: /version 2, wanted 1/u,
      make: (path) => (mkdirSync(path, { mode: 0o700 }), writeFileSync(join(path, "version"), "2\n")),
    },
    {
      how: "whose version is nonsense",
      says: /not a version/u,
      make: (path) => (mkdirSync(path, { mode: 0o700 }), writeFileSync(join(path, "version"), "x")),
    },
  ])("$how is refused with code 106", async ({ says, make }) => {
    const path = join(folder, "state");
    make(path);
    expect(await failureOn(path)).toEqual({ code: 106, text: expect.stringMatching(says) as unknown });
  });

  test("below a directory that others may write to is refused with code 106", async () => {
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(await failureOn(join(open, "state"))).toEqual({ code: 106, text: expect.stringContaining(open) as unknown });
    expect(existsSync(join(open, "state"))).toBe(false);
  });

  test("behind a link that leads to one that is fine is used", async () => {
    symlinkSync(folder, `${folder}-link`);
    await using host = await createHost({ stateDir: join(`${folder}-link`, "state") });
    expect(await host.list()).toEqual([]);
    rmSync(`${folder}-link`);
  });

  test("on a file system that is read-only is refused with code 106", async () => {
    run("mount", "-t", "tmpfs", "-o", "ro,mode=0700", "tmpfs", folder);
    try {
      expect(await failureOn(join(folder, "state"))).toEqual({
        code: 106,
        text: expect.stringMatching(/EROFS.*writable/su) as unknown,
      });
    } finally {
      run("umount", folder);
    }
  });

  test("on a file system that is full is refused with code 106, and the call leaves nothing", async () => {
    run("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", folder);
    try {
      const { code, text } = await failureOn(join(folder, "state"));
      expect(code, text).toBe(106);
    } finally {
      run("umount", folder);
    }
  });

  test("that becomes full while it is used fails the call with code 106, and leaves nothing", async () => {
    run("mount", "-t", "tmpfs", "-o", "size=200m,mode=0700", "tmpfs", folder);
    try {
      await using subject = await createTestHost({
        stateDir: join(folder, "state"),
        plugins: ["bridge", "host-local"],
      });
      using container = createContainer();
      const network = {
        cniVersion: "1.1.0",
        name: "full",
        plugins: [{ type: "bridge", bridge: "full0", ipam: { type: "host-local", subnet: "10.33.0.0/24" } }],
      };
      const request = { network, containerId: container.id, netns: container.netns, ifname: "eth0" };
      await subject.host.add(request);
      await subject.host.del(request);
      const before = await snapshot(subject);
      spawnSync("dd", ["if=/dev/zero", `of=${join(folder, "ballast")}`, "bs=64k"], { stdio: "ignore" });
      const failure = await failureOf(subject.host.add(request));
      expect(failure, failure.text).toMatchObject({ code: 106 });
      rmSync(join(folder, "ballast"));
      await subject.host.del(request);
      expect(await snapshot(subject)).toEqual(before);
    } finally {
      run("umount", folder);
    }
  });

  test("whose path is relative is refused with code 106", async () => {
    expect((await failureOf(createHost({ stateDir: "state" }))).code).toBe(106);
  });
});

describe("a machine", () => {
  const SCRIPT = `
    const { createHost } = await import(process.argv[1]);
    const host = await createHost({ stateDir: process.argv[2] });
    try { await host.isolation(); console.log("fine"); }
    catch (error) { console.log(JSON.stringify({ code: error.code, text: error.message + "; " + error.details })); }
    finally { await host.close(); }`;
  const INDEX = join(import.meta.dirname, "../../dist/index.js");

  test("where a user is not root is refused, saying what is needed", async () => {
    chmodSync(folder, 0o777);
    const own = join(folder, "own");
    mkdirSync(own, { mode: 0o700 });
    chownSync(own, NOBODY, NOBODY);
    const output = run(
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      process.execPath,
      "--input-type=module",
      "-e",
      SCRIPT,
      INDEX,
      join(own, "state"),
    );
    const said = JSON.parse(output) as { code: number; text: string };
    expect([106, 107], said.text).toContain(said.code);
    expect(said.text).toMatch(/root/u);
    expect(processesOf(join(own, "state"))).toEqual([]);
  });

  test("without libnftables refuses masquerading by name, and the network without it works", async () => {
    await using subject = await createTestHost({ plugins: ["bridge", "host-local"] });
    const library = run("sh", "-c", "ldconfig -p | sed -n 's/.*libnftables.so.1 .*=> //p' | head -1").trim();
    const hidden = realpathSync(library);
    run("mount", "--bind", "/dev/null", hidden);
    try {
      using container = createContainer();
      const before = await snapshotWithoutFilter(subject);
      const plugin = {
        type: "bridge",
        bridge: "lack0",
        ipMasqBackend: "nftables",
        ipam: { type: "host-local", subnet: "10.34.0.0/24" },
      };
      const requestOf = (ipMasq: boolean) => ({
        network: { cniVersion: "1.1.0", name: "lacks", plugins: [{ ...plugin, ipMasq }] },
        containerId: container.id,
        netns: container.netns,
        ifname: "eth0",
      });
      const failure = await failureOf(subject.host.add(requestOf(true)));
      expect(failure.text).toMatch(/libnftables/u);
      expect(failure.code).toBe(107);
      expect(await snapshotWithoutFilter(subject)).toEqual(before);
      await subject.host.add(requestOf(false));
      await subject.host.del(requestOf(false));
      expect(await snapshotWithoutFilter(subject)).toEqual(before);
    } finally {
      run("umount", hidden);
    }
  });

  /** Links and rows: nft itself needs the library that is hidden. */
  async function snapshotWithoutFilter({
    host,
  }: Awaited<ReturnType<typeof createTestHost>>): Promise<readonly string[]> {
    return [
      run("ip", "-br", "link").replaceAll(/@.*/gu, ""),
      JSON.stringify(await host.ledger()),
      JSON.stringify(await host.leases()),
    ];
  }
});
