/**
 * @module Addresses of host-local: what is read, what is skipped, what the helper is asked.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ImportedLeases, ImportLeases } from "../../../host/helper/protocol.ts";
import { importLeases } from "../../../host/operations/import-leases/import-leases.ts";
import { readNetwork } from "../../../host/operations/import-leases/read-network.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Makes a network's folder with these files. */
function network(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(dir, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

/** A helper that writes down what it is asked. */
function helper(answer: Partial<ImportedLeases> = {}) {
  const asked: ImportLeases[] = [];
  const send = async (params: ImportLeases): Promise<ImportedLeases> => {
    asked.push(params);
    return { imported: params.leases.length, present: 0, conflicts: [], ...answer };
  };
  return { asked, send };
}

describe("a network's folder", () => {
  test("has a lease for every address, and where to go on", () => {
    const path = network("pods", {
      lock: "",
      "10.1.0.2": "c1\r\neth0",
      "10.1.0.3": " c2\r\nnet1\r\n",
      "10.1.0.4": "c3\n",
      "fd00::2": "c1\r\neth0",
      "last_reserved_ip.0": "10.1.0.9",
      "last_reserved_ip.1": "fd00::9",
      "last_reserved_ip.2": "broken",
      ".cnidaria": "c9\r\neth0",
    });
    const reading = readNetwork(path);
    expect(reading.leases.toSorted((left, right) => (left.address < right.address ? -1 : 1))).toEqual([
      { address: "10.1.0.2", containerId: "c1", ifname: "eth0", setIndex: 0 },
      { address: "10.1.0.3", containerId: "c2", ifname: "net1", setIndex: 0 },
      { address: "10.1.0.4", containerId: "c3", ifname: "", setIndex: 0 },
      { address: "fd00::2", containerId: "c1", ifname: "eth0", setIndex: 1 },
    ]);
    expect(reading.cursors).toEqual([
      { setIndex: 0, address: "10.1.0.9" },
      { setIndex: 1, address: "fd00::9" },
    ]);
    expect(reading.skipped).toEqual([]);
  });

  const odd: readonly { readonly title: string; readonly make: (path: string) => void; readonly file: string }[] = [
    { title: "a name that is no address", file: "10.1.0", make: (path) => writeFileSync(path, "c1\r\neth0") },
    { title: "an empty file", file: "10.1.0.2", make: (path) => writeFileSync(path, "") },
    { title: "an id of other characters", file: "10.1.0.2", make: (path) => writeFileSync(path, "../c1\r\neth0") },
    { title: "an id that begins with a dash", file: "10.1.0.2", make: (path) => writeFileSync(path, "-c1\r\neth0") },
    { title: "a link's name that is none", file: "10.1.0.2", make: (path) => writeFileSync(path, "c1\r\na/b") },
    {
      title: "a link's name that is too long",
      file: "10.1.0.2",
      make: (path) => writeFileSync(path, "c1\r\n1234567890123456"),
    },
    { title: "more lines than two", file: "10.1.0.2", make: (path) => writeFileSync(path, "c1\r\neth0\r\nmore") },
    { title: "a giant file", file: "10.1.0.2", make: (path) => writeFileSync(path, "c".repeat(5_000_000)) },
    { title: "a directory", file: "10.1.0.2", make: (path) => mkdirSync(path) },
    { title: "a named pipe", file: "10.1.0.2", make: (path) => void execFileSync("mkfifo", [path]) },
    { title: "a symbolic link", file: "10.1.0.2", make: (path) => symlinkSync("/etc/hostname", path) },
    {
      title: "a symbolic link as cursor",
      file: "last_reserved_ip.0",
      make: (path) => symlinkSync("/etc/hostname", path),
    },
  ];
  test.for(odd)("with $title is read without it, and says so", ({ make, file }) => {
    const path = network("pods", { "10.1.0.7": "c7\r\neth0" });
    make(join(path, file));
    const reading = readNetwork(path);
    expect(reading.leases.map(({ containerId }) => containerId)).toEqual(["c7"]);
    expect(reading.skipped.map((skipped) => skipped.file)).toEqual([file]);
    expect(reading.cursors).toEqual([]);
  });

  test("is not read while another process has its lock", async () => {
    const path = network("pods", { lock: "", "10.1.0.7": "c7\r\neth0" });
    const holder = spawn("flock", [join(path, "lock"), "sh", "-c", "echo held; read _; echo c8 > 10.1.0.8"], {
      cwd: path,
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    // It lets go while the reader waits: what it wrote last is read.
    spawn("sh", ["-c", "sleep 0.2; echo"], { stdio: ["ignore", holder.stdin, "inherit"] });
    expect(
      readNetwork(path)
        .leases.map(({ containerId }) => containerId)
        .toSorted(),
    ).toEqual(["c7", "c8"]);
  });
});

describe("importLeases", () => {
  test("takes every folder, and skips what is none", async () => {
    network("a", { "10.1.0.2": "c1\r\neth0" });
    network("-odd", { "10.2.0.2": "c1\r\neth0" });
    writeFileSync(join(dir, "file"), "");
    symlinkSync(join(dir, "a"), join(dir, "link"));
    const { asked, send } = helper();
    const reports = await importLeases({ dir }, send);
    expect(asked.map((params) => params.network)).toEqual(["a"]);
    expect(reports.map((report) => [report.network, report.imported, report.skipped.length])).toEqual([
      ["-odd", 0, 1],
      ["a", 1, 0],
      ["file", 0, 1],
      ["link", 0, 1],
    ]);
  });

  test("reports addresses that others keep", async () => {
    network("a", { "10.1.0.2": "c1\r\neth0" });
    const conflict = { address: "10.1.0.2", network: "a", containerId: "c2", ifname: "eth0", setIndex: 0 };
    const { send } = helper({ imported: 0, conflicts: [conflict] });
    expect(await importLeases({ dir, networks: ["a"] }, send)).toEqual([
      {
        network: "a",
        imported: 0,
        present: 0,
        skipped: [{ file: "10.1.0.2", why: "leased to c2 eth0, which keeps it" }],
      },
    ]);
  });

  test.for([
    { title: "a path that is not absolute", request: () => ({ dir: "networks" }), kind: "invalidEnvironment" },
    { title: "a directory that is not there", request: () => ({ dir: join(dir, "none") }), kind: "ioFailure" },
    { title: "a network that is not there", request: () => ({ dir, networks: ["none"] }), kind: "ioFailure" },
    {
      title: "a network's name that leads elsewhere",
      request: () => ({ dir, networks: ["../x"] }),
      kind: "invalidNetworkConfig",
    },
  ])("$title is $kind", async ({ request, kind }) => {
    await expect(importLeases(request(), helper().send)).rejects.toMatchObject({ kind });
  });
});
