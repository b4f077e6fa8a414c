/**
 * @module An attacker in the sandbox's place: a program of its own instead of Node, who tries everything.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { innermostOf, SPIN_BUNDLE } from "./fenced-programs.ts";
import { isRunning, nextLine, prepareFence, startTestSandbox } from "./support.ts";

let folder: string;
let attacker: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  attacker = join(folder, "attacker");
  execFileSync("gcc", ["-static", "-O1", "-o", attacker, join(import.meta.dirname, "attacker.c")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the attacker against a victim and gives what it wrote: outcomes by name, in lists. */
async function attack(): Promise<Readonly<Record<string, readonly string[]>>> {
  const victim = startTestSandbox(prepareFence(SPIN_BUNDLE));
  await nextLine(victim);
  const victimPid = innermostOf(victim.pid);
  const names = [`cnidaria-t-${process.pid}`, join(folder, "node.sock")] as const;
  const servers = [createServer().listen(`\0${names[0]}`), createServer().listen(names[1])];
  await Promise.all(servers.map((server) => once(server, "listening")));
  const orders = join(folder, "orders");
  writeFileSync(orders, `${victimPid} ${names[0]} ${names[1]};\n`);
  const fence = prepareFence("", attacker);
  const sandbox = startTestSandbox(fence, orders);
  let text = "";
  sandbox.private.on("data", (chunk: Buffer) => (text += chunk.toString()));
  while (!text.includes("end=reached"))
    await Promise.race([
      once(sandbox.private, "data"),
      sandbox.exited.then(() => Promise.reject(new Error(`ended: ${text}${sandbox.output()}`))),
    ]);
  for (const server of servers) server.close();
  expect(isRunning(victimPid), "the victim").toBe(true);
  return { ...parseOutcomes(text), expectedUid: [String(sandbox.uid)] };
}

function parseOutcomes(text: string): Record<string, string[]> {
  const outcomes: Record<string, string[]> = {};
  for (const line of text.trim().split("\n")) {
    const [name = "", outcome = ""] = line.split("=");
    (outcomes[name] ??= []).push(outcome);
  }
  return outcomes;
}

test("finds no privilege, no file, no process, no socket and no network", async () => {
  const { file = [], descriptor, expectedUid = [], ...outcomes } = await attack();
  expect(descriptor).toEqual(["0", "1", "2", "3", "4"]);
  for (const path of file)
    expect(path).toMatch(/^\/(node|setpriv|sandbox\.mjs|lib(64|32)?\/.*\.so(\.\d+)*|usr\/lib.*\.so(\.\d+)*)$/);
  expect(file).toContain("/node");
  const single = Object.fromEntries(Object.entries(outcomes).map(([name, [outcome]]) => [name, outcome]));
  expect(single).toEqual({
    uid: expectedUid[0],
    euid: expectedUid[0],
    gid: expectedUid[0],
    groups: "0",
    pid: "1",
    "no-new-privs": "1",
    "death-signal": "9",
    capabilities: "0",
    bounding: "0",
    ambient: "0",
    environment: "0",
    "core-limit": "0",
    kill: "ESRCH",
    "kill-all": "ESRCH",
    "ptrace-attach": "ESRCH",
    "ptrace-seize": "ESRCH",
    "pidfd-open": "ESRCH",
    "read-memory": "ESRCH",
    "visible-processes": "0",
    create: "EACCES",
    "create-in-lib": "EACCES",
    temporary: "EACCES",
    "change-bundle": "EACCES",
    "change-node": "EACCES",
    unlink: "EACCES",
    rename: "EACCES",
    mkdir: "EACCES",
    chmod: "EPERM",
    proc: "ENOENT",
    dots: "ENOENT",
    "dev-null": "ENOENT",
    "abstract-socket": "ECONNREFUSED",
    "file-socket": "ENOENT",
    loopback: "ENETUNREACH",
    outside: "ENETUNREACH",
    "packet-socket": "EPERM",
    "raw-socket": "EPERM",
    "new-user-namespace": "EPERM",
    "new-mount-namespace": "EPERM",
    "new-network-namespace": "EPERM",
    mount: "EPERM",
    chroot: "EPERM",
    setuid: "EPERM",
    setgid: "EPERM",
    mknod: "EACCES",
    "raise-core-limit": "EPERM",
    sethostname: "EPERM",
    forks: "bounded",
    end: "reached",
  });
});

test("with reduced isolation still finds no Linux capability, cannot change its root, and reaches nobody", () => {
  const fixture = join(import.meta.dirname, "reduced.fixture.ts");
  const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const { stdout, stderr } = spawnSync("unshare", [...namespaces, process.execPath, fixture, folder, attacker], {
    encoding: "utf8",
    timeout: 30_000,
  });
  const { file = [], descriptor, ...outcomes } = parseOutcomes(stdout);
  expect(descriptor, stderr).toEqual(["0", "1", "2", "3", "4"]);
  for (const path of file) expect(path).toMatch(/^\/(node|setpriv|sandbox\.mjs|lib(64|32)?\/|usr\/lib)/);
  const single = Object.fromEntries(Object.entries(outcomes).map(([name, [outcome]]) => [name, outcome]));
  expect(single).toMatchObject({
    isolation: "reduced",
    capabilities: "0",
    bounding: "0",
    ambient: "0",
    environment: "0",
    "no-new-privs": "1",
    "death-signal": "9",
    "visible-processes": "0",
    "pidfd-open": "ESRCH",
    "ptrace-attach": "ESRCH",
    kill: "ESRCH",
    create: "EROFS",
    "create-in-lib": "EROFS",
    "change-bundle": "EACCES",
    "change-node": "ETXTBSY",
    unlink: "EROFS",
    rename: "EROFS",
    mkdir: "EROFS",
    chmod: "EROFS",
    proc: "ENOENT",
    "new-user-namespace": "EPERM",
    "new-mount-namespace": "EPERM",
    mount: "EPERM",
    chroot: "EPERM",
    "packet-socket": "EPERM",
    loopback: "ENETUNREACH",
    end: "reached",
  });
});
