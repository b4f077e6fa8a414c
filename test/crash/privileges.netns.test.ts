/**
 * @module What the kernel says that helper and sandboxes may do: read from a host that runs, not from its code.
 */
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { everyProcessOf } from "./remains.ts";
import { createStage, networkOf, requestOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

/** The helper's, with their numbers. Source: capabilities(7), linux/capability.h. */
const HELPER_CAPABILITIES = {
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
};
const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "uts"] as const;

/** The event loops' own; "/" is libuv's spare descriptor where there is no /dev/null. Source: libuv, `uv__stream_init`. */
const OPENED_BY_NODE = /^anon_inode:\[(eventpoll|eventfd|io_uring)\]$|^pipe:|\/sandbox-root\/[0-9a-f]+$/u;

const NETWORK = networkOf("privileges", "10.79.0.0/24");

let stage: Stage;
let host: Host;
let container: TestContainer;
let helper = 0;
let sandboxes: readonly number[] = [];
beforeAll(async () => {
  stage = await createStage(["bridge", "host-local"]);
  host = await stage.openHost();
  container = createContainer();
  // Changes in namespaces of containers, and a deletion on a thread.
  await host.add(requestOf(container, NETWORK));
  using other = createContainer();
  await host.add(requestOf(other, NETWORK));
  await host.del(requestOf(other, NETWORK));
  const processes = everyProcessOf(stage.stateDir);
  helper = processes.find(({ command }) => command.includes("--state-dir"))?.pid ?? 0;
  sandboxes = processes.filter(({ command }) => command.startsWith("/node ")).map(({ pid }) => pid);
});
afterAll(async () => {
  await host.del(requestOf(container, NETWORK));
  container[Symbol.dispose]();
  await stage[Symbol.asyncDispose]();
});

function statusOf(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

function bitsIn(mask: string | undefined): readonly number[] {
  const value = BigInt(`0x${mask ?? ""}`);
  return Array.from({ length: 64 }, (_none, bit) => bit).filter((bit) => (value & (1n << BigInt(bit))) !== 0n);
}

/** What each descriptor of a process leads to. */
function descriptorsOf(pid: number): ReadonlyMap<number, string> {
  const folder = `/proc/${pid}/fd`;
  return new Map(readdirSync(folder).map((name) => [Number(name), readlinkSync(`${folder}/${name}`)]));
}

describe("the helper of a running host", () => {
  test("has the capabilities that the design lists, and can get no others", () => {
    const { CapEff, CapPrm, CapBnd, CapInh, CapAmb } = statusOf(helper);
    const wanted = Object.values(HELPER_CAPABILITIES).toSorted((left, right) => left - right);
    expect(bitsIn(CapEff)).toEqual(wanted);
    expect(bitsIn(CapPrm)).toEqual(wanted);
    expect(bitsIn(CapBnd)).toEqual(wanted);
    expect([CapInh, CapAmb].flatMap(bitsIn)).toEqual([]);
  });

  test("is root with an empty environment", () => {
    expect(statusOf(helper)["Uid"]).toMatch(/^0\s+0\s+0\s+0$/u);
    expect(readFileSync(`/proc/${helper}/environ`)).toHaveLength(0);
    expect(readlinkSync(`/proc/${helper}/cwd`)).toBe("/");
  });

  test("has all of its threads in the node's namespace after calls", () => {
    const own = readlinkSync("/proc/self/ns/net");
    const threads = readdirSync(`/proc/${helper}/task`);
    expect(threads.length).toBeGreaterThan(4);
    expect(new Set(threads.map((thread) => readlinkSync(`/proc/${helper}/task/${thread}/ns/net`)))).toEqual(
      new Set([own]),
    );
  });

  test("keeps no descriptor of a container after its calls", () => {
    const namespaces = [...descriptorsOf(helper).values()].filter((target) => target.startsWith("net:"));
    expect(new Set(namespaces)).toEqual(new Set([readlinkSync("/proc/self/ns/net")]));
  });
});

describe("a sandbox of a running host", () => {
  const each = (check: (pid: number, status: Readonly<Record<string, string>>) => void): void => {
    expect(sandboxes.length).toBeGreaterThan(1);
    for (const pid of sandboxes) check(pid, statusOf(pid));
  };

  test("has no capability and can never get one", () => {
    each((_pid, { CapEff, CapPrm, CapBnd, CapInh, CapAmb, NoNewPrivs }) => {
      expect([CapEff, CapPrm, CapBnd, CapInh, CapAmb].flatMap(bitsIn)).toEqual([]);
      expect(NoNewPrivs).toBe("1");
    });
  });

  test("has a uid and a gid of its own, and no other group", () => {
    const uids = new Set<string>();
    each((_pid, { Uid = "", Gid = "", Groups }) => {
      const [uid = "0", ...others] = Uid.split(/\s+/u);
      expect(new Set([uid, ...others, ...Gid.split(/\s+/u)]).size).toBe(1);
      expect(Number(uid)).toBeGreaterThan(1_000_000_000);
      expect(Groups).toBe("");
      uids.add(uid);
    });
    expect(uids.size).toBe(sandboxes.length);
  });

  test.for(NAMESPACES)("has a %s namespace of its own", (name) => {
    const namespaceOf = (pid: number): string => readlinkSync(`/proc/${pid}/ns/${name}`);
    expect(new Set([helper, ...sandboxes].map(namespaceOf)).size).toBe(1 + sandboxes.length);
  });

  test("sees as root a directory of the state directory, root's and read-only", () => {
    each((pid) => {
      const root = readlinkSync(`/proc/${pid}/root`);
      expect(root.startsWith(`${stage.stateDir}/sandbox-root/`)).toBe(true);
      const { uid, mode } = statSync(root);
      expect([uid, mode & 0o222]).toEqual([0, 0]);
      expect(readdirSync(root).toSorted()).toEqual(expect.arrayContaining(["node", "sandbox.mjs", "setpriv"]));
      expect(readdirSync(root).filter((entry) => !/^(node|sandbox\.mjs|setpriv|lib|lib64|usr)$/u.test(entry))).toEqual(
        [],
      );
    });
  });

  test("starts from an empty environment", () =>
    each((pid) => expect(readFileSync(`/proc/${pid}/environ`)).toHaveLength(0)));

  test("was given nothing but its two channels and standard output", () => {
    each((pid, { PPid = "0" }) => {
      // What became the sandbox was started by this one, which opens nothing.
      const given = descriptorsOf(Number(PPid));
      expect([...given.keys()].toSorted()).toEqual([0, 1, 2, 3, 4]);
      const own = descriptorsOf(pid);
      for (const descriptor of given.keys()) expect(own.get(descriptor)).toBe(given.get(descriptor));
      expect(own.get(0)).toBe("/dev/null");
      for (const channel of [1, 2, 3, 4]) expect(own.get(channel)).toMatch(/^socket:/u);
      for (const [descriptor, target] of own) if (descriptor > 4) expect(target).toMatch(OPENED_BY_NODE);
    });
  });

  test("ends with its parent, and so do those between it and the helper", () => {
    each((pid, { PPid = "0" }) => {
      expect(readFileSync(`/proc/${PPid}/cmdline`, "utf8")).toContain("--kill-child=SIGKILL");
      expect(statusOf(Number(PPid))["PPid"]).toBe(String(helper));
    });
  });
});
