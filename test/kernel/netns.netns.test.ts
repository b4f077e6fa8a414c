import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { NetnsError, openNetns, openOwnNetns, runInNetns, warmThreadPool } from "../../host/kernel/netns.ts";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { createNamespace } from "./namespaces.ts";

const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-netns-"));
execFileSync("mkfifo", [join(folder, "fifo")]);
writeFileSync(join(folder, "file"), "");
symlinkSync("/dev/zero", join(folder, "device"));
symlinkSync(join(folder, "loop"), join(folder, "loop"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Namespaces of all threads of this process. */
function namespacesOfThreads(): Set<string> {
  return new Set(readdirSync("/proc/self/task").map((thread) => readlinkSync(`/proc/self/task/${thread}/ns/net`)));
}

test.for([
  { title: "nothing", path: "/run/netns/cnidaria-t-none", reason: "missing" },
  { title: "nothing below a file", path: join(folder, "file/net"), reason: "missing" },
  { title: "a process that is gone", path: "/proc/4194305/ns/net", reason: "missing" },
  { title: "a file", path: join(folder, "file"), reason: "not-a-namespace" },
  { title: "a directory", path: folder, reason: "not-a-namespace" },
  { title: "a FIFO, which is not waited for", path: join(folder, "fifo"), reason: "not-a-namespace" },
  { title: "a device", path: join(folder, "device"), reason: "not-a-namespace" },
  { title: "a namespace of another kind", path: "/proc/self/ns/uts", reason: "not-a-namespace" },
  { title: "a relative path", path: "run/netns/x", reason: "not-a-namespace" },
  { title: "an empty path", path: "", reason: "not-a-namespace" },
  { title: "a path with a NUL", path: "/proc/self/ns/net\0x", reason: "not-a-namespace" },
  { title: "a path that is too long", path: `/${"a/".repeat(2048)}`, reason: "not-a-namespace" },
])("refuses $title: $reason", ({ path, reason }) => {
  const before = readdirSync("/proc/self/fd").length;
  expect(() => openNetns(path)).toThrow(expect.objectContaining({ name: "NetnsError", reason }));
  expect(readdirSync("/proc/self/fd")).toHaveLength(before);
});

test("refuses a namespace of another kind that is mounted on a file", () => {
  const target = join(folder, "mounted");
  writeFileSync(target, "");
  execFileSync("mount", ["--bind", "/proc/self/ns/uts", target]);
  try {
    expect(() => openNetns(target)).toThrow(NetnsError);
  } finally {
    execFileSync("umount", [target]);
  }
});

test("names the error of a loop of links", () => {
  expect(() => openNetns(join(folder, "loop"))).toThrow(
    expect.objectContaining({ name: "KernelError", errno: "ELOOP" }),
  );
});

test("knows a namespace by its cookie, by whatever path it was opened", () => {
  using namespace = createNamespace();
  using other = createNamespace();
  using again = openNetns(namespace.path);
  using own = openOwnNetns();
  expect(again.cookie).toBe(namespace.netns.cookie);
  expect(new Set([own.cookie, other.netns.cookie, again.cookie]).size).toBe(3);
});

test("gives a namespace another cookie than the one before it, whatever its inode", () => {
  const cookies = Array.from({ length: 5 }, () => {
    using namespace = createNamespace();
    return namespace.netns.cookie;
  });
  expect(new Set(cookies).size).toBe(5);
});

test("enters a namespace and comes back, also when the function throws", () => {
  using namespace = createNamespace();
  const home = readlinkSync("/proc/thread-self/ns/net");
  const inside = runInNetns(namespace.netns, () => readlinkSync("/proc/thread-self/ns/net"));
  expect(inside).toBe(`net:[${namespace.netns.inode}]`);
  expect(() =>
    runInNetns(namespace.netns, () => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(readlinkSync("/proc/thread-self/ns/net")).toBe(home);
});

test("comes back to where it was when one namespace is entered within another", () => {
  using namespace = createNamespace();
  using other = createNamespace();
  const home = readlinkSync("/proc/thread-self/ns/net");
  runInNetns(namespace.netns, () => {
    runInNetns(other.netns, () => undefined);
    expect(readlinkSync("/proc/thread-self/ns/net")).toBe(`net:[${namespace.netns.inode}]`);
  });
  expect(readlinkSync("/proc/thread-self/ns/net")).toBe(home);
});

test("refuses an asynchronous function", () => {
  using namespace = createNamespace();
  expect(() => runInNetns(namespace.netns, async () => undefined)).toThrow(/asynchronous/u);
});

test("leaves no thread in a namespace, whatever was asynchronous", async () => {
  await warmThreadPool();
  using namespace = createNamespace();
  using container = createNamespace();
  using rtnetlink = Rtnetlink.open(namespace.netns);
  rtnetlink.createVeth({ node: { name: "v0" }, container: { name: "eth0", netns: container.netns } });
  const link = rtnetlink.getLink({ name: "v0" });
  await Promise.all([rtnetlink.deleteLinks([link?.index ?? 0]), ...Array.from({ length: 16 }, () => stat("/"))]);
  expect(namespacesOfThreads()).toEqual(new Set([readlinkSync("/proc/thread-self/ns/net")]));
});

test("starts the thread pool before it first enters a namespace, also when nobody asked for it", () => {
  const module = (name: string): string =>
    JSON.stringify(new URL(`../../host/kernel/${name}.ts`, import.meta.url).href);
  using namespace = createNamespace();
  // The function that runs inside starts asynchronous work, which it must not: the threads are there by then.
  const script = `
    import { readdirSync, readlinkSync } from "node:fs";
    import { stat } from "node:fs/promises";
    import { openNetns, runInNetns } from ${module("netns")};
    const netns = openNetns(${JSON.stringify(namespace.path)});
    let pending;
    runInNetns(netns, () => { pending = [1, 2, 3, 4, 5].map(() => stat("/")); });
    await Promise.all(pending);
    console.log(new Set(readdirSync("/proc/self/task").map((each) => readlinkSync("/proc/self/task/" + each + "/ns/net"))).size);`;
  const output = execFileSync(process.execPath, ["--input-type=module-typescript", "-e", script], { encoding: "utf8" });
  expect(output.trim()).toBe("1");
});
