import { execFileSync } from "node:child_process";
import { globSync, realpathSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Nftables, type NftCommand } from "../../host/kernel/nftables.ts";
import { openOwnNetns } from "../../host/kernel/netns.ts";
import { parseIpAddress } from "../../host/spec/ip.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

const TABLE = { family: "inet", table: "probe" } as const;

/** A rule for 10.0.0.0 with a prefix of that length. */
function ruleTo(len: number): NftCommand {
  const left = { payload: { protocol: "ip", field: "daddr" } } as const;
  return {
    add: {
      rule: {
        ...TABLE,
        chain: "target",
        expr: [{ match: { op: "==", left, right: { prefix: { addr: "10.0.0.0", len } } } }],
      },
    },
  };
}

let node: TestNamespace;
let nftables: Nftables;

beforeAll(() => {
  node = createNamespace();
  nftables = Nftables.open(node.netns);
  nftables.run([
    { add: { table: { family: "inet", name: "probe" } } },
    { add: { map: { ...TABLE, name: "verdicts", type: "ipv4_addr", map: "verdict" } } },
    { add: { chain: { ...TABLE, name: "target" } } },
  ]);
});

afterAll(() => {
  nftables[Symbol.dispose]();
  node[Symbol.dispose]();
});

function refusal(errno: string): object {
  return expect.objectContaining({ name: "KernelError", errno });
}

test("works in the namespace it was opened for, and in no other", () => {
  using own = openOwnNetns();
  using ownFilter = Nftables.open(own);
  expect(node.run("nft", "list", "tables")).toContain("table inet probe");
  expect(() => ownFilter.run([{ list: { table: { family: "inet", name: "probe" } } }])).toThrow(refusal("ENOENT"));
});

test("stays in its namespace when the descriptor it was opened with is closed", () => {
  using namespace = createNamespace();
  using other = Nftables.open(namespace.netns);
  namespace.netns[Symbol.dispose]();
  other.run([{ add: { table: { family: "ip", name: "late" } } }]);
  expect(namespace.run("nft", "list", "tables")).toContain("table ip late");
});

test("answers a list with objects", () => {
  const reply = nftables.run([{ list: { table: { family: "inet", name: "probe" } } }]);
  expect(reply).toContainEqual({ table: expect.objectContaining({ family: "inet", name: "probe" }) });
  expect(reply).toContainEqual({ chain: expect.objectContaining({ name: "target" }) });
});

test.for([
  {
    title: "what is there already",
    command: { create: { table: { family: "inet", name: "probe" } } },
    errno: "EEXIST",
  },
  { title: "what is not there", command: { delete: { chain: { ...TABLE, name: "none" } } }, errno: "ENOENT" },
  {
    title: "a table that is not there",
    command: { add: { chain: { family: "ip", table: "none", name: "target" } } },
    errno: "ENOENT",
  },
  { title: "a prefix that is too long", command: ruleTo(77), errno: "EINVAL" },
] as const)("gives the error number for $title", ({ command, errno }) => {
  expect(() => nftables.run([command])).toThrow(refusal(errno));
});

test("does nothing of a run when one of its commands fails", () => {
  const commands = [
    { add: { chain: { ...TABLE, name: "half" } } },
    { create: { table: { family: "inet", name: "probe" } } },
  ] as const;
  expect(() => nftables.run(commands)).toThrow(refusal("EEXIST"));
  expect(node.run("nft", "list", "table", "inet", "probe")).not.toContain("half");
});

test("never reads a value as rule text", () => {
  const name = "x; add table inet injected; #";
  nftables.run([{ add: { chain: { ...TABLE, name } } }]);
  expect(() => nftables.run([{ add: { chain: { ...TABLE, name } } }, ruleTo(77)])).toThrow(refusal("EINVAL"));
  expect(node.run("nft", "list", "tables")).not.toContain("injected");
});

test("looks up one element, whoever made it", () => {
  node.run("nft", 'add element inet probe verdicts { 10.0.0.1 comment "mine" : goto target, 10.0.0.2 : drop }');
  const map = { ...TABLE, name: "verdicts" };
  expect(nftables.getElement(map, parseIpAddress("10.0.0.1"))).toEqual({ comment: "mine", chain: "target" });
  expect(nftables.getElement(map, parseIpAddress("10.0.0.2"))).toEqual({ comment: undefined, chain: undefined });
  expect(nftables.getElement(map, parseIpAddress("10.0.0.3"))).toBeUndefined();
  expect(nftables.getElement({ ...map, table: "none" }, parseIpAddress("10.0.0.1"))).toBeUndefined();
});

test("is closed once, and not used afterwards", () => {
  const closed = Nftables.open(node.netns);
  closed[Symbol.dispose]();
  closed[Symbol.dispose]();
  expect(() => closed.run([])).toThrow(refusal("EBADF"));
});

test("names the package when the library is missing", () => {
  const module = JSON.stringify(new URL("../../host/kernel/nftables.ts", import.meta.url).href);
  const script = `
    import { Nftables } from ${module};
    try { Nftables.open({ fd: 0 }); } catch (error) { console.log(error.errno, error.message); }`;
  const library = realpathSync(globSync("/usr/lib/*/libnftables.so.1")[0] ?? "/usr/lib64/libnftables.so.1");
  // In mounts of its own, an empty file lies over the library.
  const command = 'mount --bind /dev/null "$1" && exec "$2" --input-type=module-typescript -e "$3"';
  const output = execFileSync("unshare", ["--mount", "sh", "-c", command, "sh", library, process.execPath, script], {
    encoding: "utf8",
  });
  expect(output).toMatch(/^ENOSYS .*libnftables1/u);
});
