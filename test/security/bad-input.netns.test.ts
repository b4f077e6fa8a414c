/**
 * @module Input that is wrong: an error with the right code that says what is wrong, and nothing left.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AttachmentRequest } from "../../host/index.ts";
import type { CniArguments } from "../../host/spec/arguments.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createStateFolder, createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { containerSnapshot, expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";

const HOST_LOCAL = { type: "host-local", subnet: "10.31.0.0/24" };
const BRIDGE = { type: "bridge", bridge: "bad0", isGateway: true, ipMasq: true, ipam: HOST_LOCAL };

const networkOf = (plugin: JsonObject, more: JsonObject = {}): JsonObject => ({
  cniVersion: "1.1.0",
  name: "bad-input",
  plugins: [plugin],
  ...more,
});

let subject: TestHost;
let container: TestContainer;
let folder: string;
beforeAll(async () => {
  subject = await createTestHost({ plugins: ["bridge", "host-local", "static", "loopback"] });
  folder = createStateFolder();
});
afterAll(async () => {
  await subject[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  container = createContainer();
});
afterEach(() => container[Symbol.dispose]());

const requestOf = (changes: Partial<AttachmentRequest> = {}): AttachmentRequest => ({
  network: networkOf(BRIDGE),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  ...changes,
});

/** Makes an ADD that must fail; nothing may be left. Gives the error. */
async function refused(changes: Partial<AttachmentRequest>): Promise<{ readonly code: number; readonly text: string }> {
  const [before, inside] = [await snapshot(subject), containerSnapshot(container.id)];
  const { code, text } = await failureOf(subject.host.add(requestOf(changes)));
  await expectNothingLeft(before, subject);
  expect(containerSnapshot(container.id)).toEqual(inside);
  return { code, text };
}

describe("a configuration", () => {
  test.for<{ how: string; network: string | JsonObject; code: number; says: RegExp }>([
    { how: "that is no JSON", network: '{"cniVersion": "1.1.0",', code: 6, says: /JSON/u },
    { how: "that is no object", network: '["bridge"]', code: 6, says: /object/u },
    { how: "without a name", network: { cniVersion: "1.1.0", plugins: [BRIDGE] }, code: 7, says: /name/u },
    { how: "with an illegal name", network: networkOf(BRIDGE, { name: "../x" }), code: 7, says: /"\.\.\/x"/u },
    { how: "whose plugins are no list", network: networkOf(BRIDGE, { plugins: "bridge" }), code: 6, says: /plugins/u },
    { how: "whose plugin has no type", network: networkOf({ bridge: "bad0" }), code: 7, says: /type/u },
    { how: "of an unknown version", network: networkOf(BRIDGE, { cniVersion: "9.9.9" }), code: 1, says: /9\.9\.9/u },
    { how: "of an unknown plugin type", network: networkOf({ type: "nowhere" }), code: 100, says: /"nowhere"/u },
    {
      how: "of an unknown IPAM type",
      network: networkOf({ ...BRIDGE, ipam: { type: "nowhere" } }),
      code: 100,
      says: /"nowhere"/u,
    },
    { how: "whose type is a path", network: networkOf({ type: "../bridge" }), code: 7, says: /"\.\.\/bridge"/u },
    {
      how: "with a number for a bridge's name",
      network: networkOf({ ...BRIDGE, bridge: 5 }),
      code: 6,
      says: /bridge/u,
    },
    { how: "with a text for an MTU", network: networkOf({ ...BRIDGE, mtu: "big" }), code: 6, says: /mtu/u },
    { how: "with an illegal bridge name", network: networkOf({ ...BRIDGE, bridge: "a/b" }), code: 7, says: /a\/b/u },
    { how: "with a field that is not implemented", network: networkOf({ ...BRIDGE, vlan: 7 }), code: 2, says: /vlan/u },
    {
      how: "with a subnet that is none",
      network: networkOf({ ...BRIDGE, ipam: { ...HOST_LOCAL, subnet: "10.31.0.0" } }),
      code: 7,
      says: /10\.31\.0\.0/u,
    },
    {
      how: "without an address in its subnet",
      network: networkOf({ ...BRIDGE, ipam: { ...HOST_LOCAL, subnet: "10.31.0.0/32" } }),
      code: 7,
      says: /10\.31\.0\.0\/32/u,
    },
  ])("$how is refused with code $code", async ({ network, code, says }) => {
    const failure = await refused({ network });
    expect(failure).toEqual({ code, text: expect.stringMatching(says) as unknown });
  });
});

describe("a name", () => {
  test.for<{ how: string; changes: Partial<AttachmentRequest>; code: number; says: RegExp }>([
    { how: "container id that is empty", changes: { containerId: "" }, code: 3, says: /CNI_CONTAINERID/u },
    { how: "container id with a slash", changes: { containerId: "a/b" }, code: 4, says: /"a\/b"/u },
    { how: "container id that begins with a dash", changes: { containerId: "-a" }, code: 4, says: /"-a"/u },
    { how: "link name that is empty", changes: { ifname: "" }, code: 4, says: /CNI_IFNAME/u },
    { how: "link name with a slash", changes: { ifname: "a/b" }, code: 4, says: /"a\/b"/u },
    { how: "link name of dots", changes: { ifname: ".." }, code: 4, says: /"\.\."/u },
    { how: "link name of 16 characters", changes: { ifname: "e".repeat(16) }, code: 4, says: /eeee/u },
    { how: "link name with a colon", changes: { ifname: "eth0:1" }, code: 4, says: /eth0:1/u },
  ])("$how is refused", async ({ changes, code, says }) => {
    expect(await refused(changes)).toEqual({ code, text: expect.stringMatching(says) as unknown });
  });
});

describe("a namespace's path", () => {
  const fileAt = (name: string): string => join(folder, name);
  test.for<{ how: string; code: number; make: () => string }>([
    { how: "that is empty", code: 4, make: () => "" },
    { how: "that is missing", code: 8, make: () => fileAt("missing") },
    { how: "that is a file", code: 8, make: () => (writeFileSync(fileAt("file"), "x"), fileAt("file")) },
    {
      how: "that is a directory",
      code: 8,
      make: () => (mkdirSync(fileAt("directory"), { recursive: true }), fileAt("directory")),
    },
    { how: "that is a FIFO", code: 8, make: () => (execFileSync("mkfifo", [fileAt("fifo")]), fileAt("fifo")) },
    { how: "that is a device", code: 8, make: () => "/dev/zero" },
    { how: "that is a namespace of mounts", code: 8, make: () => "/proc/self/ns/mnt" },
    { how: "that is the node's own", code: 8, make: () => `/proc/${process.pid}/ns/net` },
  ])("$how is refused with code $code", async ({ code, make }) => {
    const netns = make();
    const failure = await refused({ netns });
    expect(failure.code).toBe(code);
    expect(failure.text).toContain(netns === "" ? "CNI_NETNS" : JSON.stringify(netns));
  });

  test("that another container holds is refused", async () => {
    await subject.host.add(requestOf());
    const failure = await failureOf(subject.host.add(requestOf({ containerId: "another" })));
    expect(failure).toMatchObject({ code: 8, text: expect.stringContaining(container.id) as unknown });
    await subject.host.del(requestOf());
  });

  test("that is the node's own does not keep DEL from succeeding", async () => {
    const before = await snapshot(subject);
    await subject.host.add(requestOf());
    await subject.host.del(requestOf({ netns: `/proc/${process.pid}/ns/net` }));
    await expectNothingLeft(before, subject);
  });
});

describe("what is taken", () => {
  test("a link's name that the container has already is refused with code 109 or the plugin's own", async () => {
    container.ip("link add eth0 type bridge");
    const failure = await refused({});
    expect(failure.text).toMatch(/eth0/u);
    expect([109, 999]).toContain(failure.code);
  });

  test("the second ADD of an attachment is refused, and the first is as it was", async () => {
    const before = await snapshot(subject);
    await subject.host.add(requestOf());
    const [attached, inside] = [await snapshot(subject), containerSnapshot(container.id)];
    expect((await failureOf(subject.host.add(requestOf()))).code).toBeGreaterThan(0);
    await expectNothingLeft(attached, subject);
    expect(containerSnapshot(container.id)).toEqual(inside);
    await subject.host.check(requestOf());
    await subject.host.del(requestOf());
    await expectNothingLeft(before, subject);
  });

  test.for([
    { kind: "veth", make: "link add bad0 type veth peer name bad1", remove: "bad0" },
    { kind: "ifb", make: "link add bad0 type ifb", remove: "bad0" },
  ])("a bridge's name that belongs to a $kind is refused, and the $kind is left alone", async ({ make, remove }) => {
    run("ip", ...make.split(" "));
    const failure = await refused({});
    run("ip", "link", "del", remove);
    expect(failure).toMatchObject({ text: expect.stringMatching(/bad0/u) as unknown });
    expect(failure.code).toBeGreaterThan(0);
  });

  test("a bridge that somebody else made is refused with the grant that would allow it", async () => {
    run("ip", "link", "add", "bad0", "type", "bridge");
    const failure = await refused({});
    run("ip", "link", "del", "bad0");
    expect(failure).toEqual({ code: 101, text: expect.stringMatching(/"bad0".*"adopt"/su) as unknown });
  });
});

/** The bridge plugin knows nothing of IP, as the reference's does not. */
const asking = (address: string): CniArguments => [
  ["IgnoreUnknown", "1"],
  ["IP", address],
];

describe("an address", () => {
  const SMALL = networkOf({ type: "bridge", bridge: "bad0", ipam: { ...HOST_LOCAL, subnet: "10.31.0.0/30" } });

  test("when none is free is refused with code 108", async () => {
    using first = createContainer();
    const holder = { network: SMALL, containerId: first.id, netns: first.netns, ifname: "eth0" };
    await subject.host.add(holder);
    const failure = await refused({ network: SMALL });
    expect(failure).toEqual({ code: 108, text: expect.stringMatching(/10\.31\.0\.0\/30|10\.31\.0\.2/u) as unknown });
    await subject.host.del(holder);
    await subject.host.add(requestOf({ network: SMALL }));
    await subject.host.del(requestOf({ network: SMALL }));
  });

  test("that is asked for and taken is refused with code 108", async () => {
    using first = createContainer();
    const holder = {
      network: networkOf(BRIDGE),
      containerId: first.id,
      netns: first.netns,
      ifname: "eth0",
      args: asking("10.31.0.7"),
    };
    await subject.host.add(holder);
    const failure = await refused({ args: asking("10.31.0.7") });
    expect(failure).toEqual({ code: 108, text: expect.stringContaining("10.31.0.7") as unknown });
    await subject.host.del(holder);
  });

  test.for(["10.32.0.7", "10.31.0.255", "10.31.0.1"])(
    "%s, outside or reserved, is refused with code 108",
    async (address) => {
      expect(await refused({ args: asking(address) })).toEqual({
        code: 108,
        text: expect.stringContaining(address) as unknown,
      });
    },
  );

  test("that is none is refused", async () => {
    const failure = await refused({ args: asking("nonsense") });
    expect(failure.text).toContain("nonsense");
    expect([4, 7]).toContain(failure.code);
  });
});
