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
const HELPER_CAPABILITIES = { KILL: 5, SETGID: 6, SETUID: 7, SETPCAP: 8, NET_ADMIN: 12, NET_RAW: 13, SYS_CHROOT: 18, SYS_PTRACE: 19, SYS_ADMIN: 21 };
const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "uts"] as const;

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
  // Several at a time: pools are warm, and deletions have run on threads.
  await Promise.all([1, 2, 3].map((number) => host.add({ ...requestOf(container, NETWORK), containerId: container.id, ifname: `eth${number}` }).catch(() => undefined)));
  await host.add({ ...requestOf(container, NETWORK), ifname: "eth9" });
  await host.del({ ...requestOf(container, NETWORK), ifname: "eth9" });
  const processes = everyProcessOf(stage.stateDir);
  helper = processes.find(({ command }) => command.includes("--state-dir"))?.pid ?? 0;
  sandboxes = processes.filter(({ command }) => command.startsWith("/node ")).map(({ pid }) => pid);
});
afterAll(async () => {
  for (const number of [1, 2, 3]) await host.del({ ...requestOf(container, NETWORK), ifname: `eth${number}` });
  container[Symbol.dispose]();
  await stage[Symbol.asyncDispose]();
});

function statusOf(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

function bitsIn(mask: string | undefined): readonly number[] {
  const value = BigInt(`0x${mask ?? ""}`);
  return Array.from({ length: 64 }, (_none, bit) => bit).filter((bit) => (value & (1n << BigInt(bit))) !== 0n);
}

/** Descriptors above those that Node opened for itself. */
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
    expect(new Set(threads.map((thread) => readlinkSync(`/proc/${helper}/task/${thread}/ns/net`)))).toEqual(new Set([own]));
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
      expect(readdirSync(root).filter((entry) => !/^(node|sandbox\.mjs|setpriv|lib|lib64|usr)$/u.test(entry))).toEqual([]);
    });
  });

  test("starts from an empty environment", () => each((pid) => expect(readFileSync(`/proc/${pid}/environ`)).toHaveLength(0)));

  test("has its two channels and standard output, and what Node opens for itself", () => {
    each((pid) => {
      const descriptors = descriptorsOf(pid);
      expect(descriptors.get(0)).toBe("/dev/null");
      for (const channel of [1, 2, 3, 4]) expect(descriptors.get(channel)).toMatch(/^(socket|pipe):/u);
      for (const [descriptor, target] of descriptors) if (descriptor > 4) expect(target).toMatch(/^anon_inode:\[(eventpoll|eventfd|io_uring)\]$|^pipe:/u);
    });
  });

  test("ends with its parent, and so do those between it and the helper", () => {
    each((pid, { PPid = "0" }) => {
      expect(readFileSync(`/proc/${PPid}/cmdline`, "utf8")).toContain("--kill-child=SIGKILL");
      expect(statusOf(Number(PPid))["PPid"]).toBe(String(helper));
    });
  });
});
