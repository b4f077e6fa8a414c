import { afterAll, beforeAll, expect, test } from "vitest";
import { LinkDeletion } from "../../host/kernel/link-deletion.ts";
import { kernelTime } from "../../host/kernel/time.ts";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

/** Source: linux/rtnetlink.h. */
const RTM_DELLINK = 17;

let node: TestNamespace;
let container: TestNamespace;
let links: Rtnetlink;

beforeAll(() => {
  node = createNamespace();
  container = createNamespace();
  links = Rtnetlink.open(node.netns);
});

afterAll(() => {
  links[Symbol.dispose]();
  node[Symbol.dispose]();
  container[Symbol.dispose]();
});

function createPairs(count: number): number[] {
  return Array.from({ length: count }, (_, number) => {
    links.createVeth({ node: { name: `v${number}` }, container: { name: `e${number}`, netns: container.netns } });
    return links.getLink({ name: `v${number}` })?.index ?? 0;
  });
}

function isThere(index: number): boolean {
  return links.getLink({ index }) !== undefined;
}

test("deletes one link by one request", async () => {
  using deletion = new LinkDeletion(node.netns);
  const [index = 0] = createPairs(1);
  await deletion.delete(index);
  expect(isThere(index)).toBe(false);
  expect([...deletion.sent]).toEqual([[RTM_DELLINK, 1]]);
});

test("deletes what many callers want at the same time by one request", async () => {
  using deletion = new LinkDeletion(node.netns);
  const indexes = createPairs(20);
  await Promise.all(indexes.map((index) => deletion.delete(index)));
  expect(indexes.filter(isThere)).toEqual([]);
  expect(deletion.sent.get(RTM_DELLINK)).toBe(1);
});

test("collects who comes during a deletion for the next one, and goes on meanwhile", async () => {
  using deletion = new LinkDeletion(node.netns);
  const [first = 0, ...others] = createPairs(10);
  const deleting = deletion.delete(first);
  await new Promise((resolve) => setImmediate(resolve));
  // The request is in send(2) on another thread; this thread can still ask.
  expect(links.getLink({ name: "lo" })?.name).toBe("lo");
  await Promise.all([deleting, ...others.map((index) => deletion.delete(index))]);
  expect(deletion.sent.get(RTM_DELLINK)).toBe(2);
  expect([first, ...others].filter(isThere)).toEqual([]);
});

test("passes over a link that is gone, alone and among others", async () => {
  using deletion = new LinkDeletion(node.netns);
  await deletion.delete(4711);
  const indexes = createPairs(3);
  await Promise.all([...indexes, 4711].map((index) => deletion.delete(index)));
  expect(indexes.filter(isThere)).toEqual([]);
});

test("deletes the others when one cannot be deleted, and says so of that one", async () => {
  using deletion = new LinkDeletion(node.netns);
  const indexes = createPairs(3);
  const loopback = links.getLink({ name: "lo" })?.index ?? 0;
  const results = await Promise.allSettled([...indexes, loopback].map((index) => deletion.delete(index)));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected"]);
  expect(results.at(-1)).toMatchObject({ reason: { name: "KernelError", errno: "EOPNOTSUPP" } });
  expect(indexes.filter(isThere)).toEqual([]);
});

test("finishes what was asked for when it is closed meanwhile, and takes no more", async () => {
  const deletion = new LinkDeletion(node.netns);
  const indexes = createPairs(4);
  const deleting = Promise.all(indexes.map((index) => deletion.delete(index)));
  deletion[Symbol.dispose]();
  await expect(deletion.delete(1)).rejects.toMatchObject({ errno: "EBADF" });
  await deleting;
  expect(indexes.filter(isThere)).toEqual([]);
});

test("reports the kernel's time to the caller, and not as another operation's", async () => {
  const [index = 0] = createPairs(1);
  kernelTime.takeMicroseconds();
  const microseconds = await links.deleteLinks([index]);
  expect(microseconds).toBeGreaterThan(0);
  expect(links.counters.sentByDeletion.get(RTM_DELLINK)).toBe(1);
});
