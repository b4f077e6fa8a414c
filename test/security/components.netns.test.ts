/**
 * @module Components and grants that are not what they were: nothing of them runs, and what was attached can still be removed.
 */
import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isCniError } from "../../host/index.ts";
import type { InstalledPlugin } from "../../host/index.ts";
import { withoutKeys } from "../../host/spec/json.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { componentOf, createTestHost, manifestOf } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";

const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "components",
  plugins: [{ type: "bridge", bridge: "comp0", ipam: { type: "host-local", subnet: "10.32.0.0/24" } }],
};
const PLUGINS = ["bridge", "host-local"];
const requestOf = ({ id, netns }: TestContainer) => ({ network: NETWORK, containerId: id, netns, ifname: "eth0" });

async function pluginOf({ host }: TestHost, type: string): Promise<InstalledPlugin> {
  const found = (await host.list()).find((plugin) => plugin.type === type);
  return found ?? expect.fail(`${type} is not installed`);
}

const hexOf = ({ digest }: InstalledPlugin): string => digest.slice("sha256:".length);

/** Changes one byte in the middle of a file. */
function changeByte(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.byteLength / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

describe("install refuses", () => {
  test.for([
    { how: "a component with its first byte changed", change: (bytes: Uint8Array) => bytes.fill(1, 0, 1) },
    { how: "a component that is cut short", change: (bytes: Uint8Array) => bytes.subarray(0, bytes.byteLength - 100) },
    { how: "what is no component at all", change: () => new TextEncoder().encode("#!/bin/sh\n") },
    { how: "nothing", change: () => new Uint8Array() },
  ])("$how, and nothing is stored", async ({ change }) => {
    await using subject = await createTestHost();
    await subject.host.list();
    const component = change(Uint8Array.from(await componentOf("loopback")));
    const { code } = await failureOf(subject.host.install({ component }));
    expect(code).toBe(104);
    expect(await subject.host.list()).toEqual([]);
    expect(readdirSync(join(subject.stateDir, "components"))).toEqual([]);
  });

  test("a component whose manifest lists too little, naming what it imports", async () => {
    await using subject = await createTestHost();
    const { code, text } = await failureOf(subject.host.install({ component: await componentOf("ungranted-import") }));
    expect({ code, text }).toEqual({ code: 104, text: expect.stringContaining('"masquerade"') as unknown });
    expect(await subject.host.list()).toEqual([]);
  });

  test("a manifest beside the component that asks for more than the one inside", async () => {
    await using subject = await createTestHost();
    const manifest = {
      ...manifestOf("loopback"),
      capabilities: { ...(manifestOf("loopback")["capabilities"] as JsonObject), masquerade: {} },
    };
    const { code } = await failureOf(subject.host.install({ component: await componentOf("loopback"), manifest }));
    expect(code).toBe(104);
  });

  test("a grant that is wider than the manifest", async () => {
    await using subject = await createTestHost();
    const { code, text } = await failureOf(
      subject.host.install({ component: await componentOf("loopback"), capabilities: { masquerade: {} } }),
    );
    expect({ code, text }).toEqual({ code: 101, text: expect.stringContaining("masquerade") as unknown });
  });
});

describe("a plugin is not run", () => {
  test("when a byte of its stored code was changed", async () => {
    await using subject = await createTestHost({ plugins: PLUGINS });
    using container = createContainer();
    const before = await snapshot(subject);
    const folder = join(subject.stateDir, "components", hexOf(await pluginOf(subject, "host-local")));
    const code = readdirSync(folder).find((name) => name.startsWith("transpiled-")) ?? "";
    for (const file of readdirSync(join(folder, code))) changeByte(join(folder, code, file));
    const failure = await failureOf(subject.host.add(requestOf(container)));
    expect(failure).toMatchObject({ code: 104, text: expect.stringContaining("host-local") as unknown });
    await expectNothingLeft(before, subject);
  });

  test("when its grant is gone, and DEL removes what it had made", async () => {
    await using subject = await createTestHost({ plugins: PLUGINS });
    using container = createContainer();
    const before = await snapshot(subject);
    await subject.host.add(requestOf(container));
    rmSync(join(subject.stateDir, "grants", `${hexOf(await pluginOf(subject, "bridge"))}.json`));
    using other = createContainer();
    const attached = await snapshot(subject);
    const failure = await failureOf(subject.host.add(requestOf(other)));
    expect(failure).toMatchObject({ text: expect.stringContaining('"bridge"') as unknown });
    expect([100, 101]).toContain(failure.code);
    await expectNothingLeft(attached, subject);
    await subject.host.del(requestOf(container));
    await expectNothingLeft(before, subject);
  });

  test.for(["revoke", "uninstall"] as const)("after %s, and DEL removes what it had made", async (how) => {
    await using subject = await createTestHost({ plugins: PLUGINS });
    using container = createContainer();
    const before = await snapshot(subject);
    await subject.host.add(requestOf(container));
    for (const type of PLUGINS) await subject.host[how](type);
    using other = createContainer();
    expect((await failureOf(subject.host.add(requestOf(other)))).code).toBe(100);
    await subject.host.del(requestOf(container));
    await expectNothingLeft(before, subject);
  });

  test("with another grant than the operator's last: a narrower one counts at once", async () => {
    await using subject = await createTestHost({ plugins: PLUGINS });
    using first = createContainer();
    using second = createContainer();
    const before = await snapshot(subject);
    await subject.host.add(requestOf(first));
    await subject.install({
      name: "bridge",
      capabilities: withoutKeys(manifestOf("bridge")["capabilities"] as JsonObject, ["node-links"]),
    });
    const failure = await failureOf(subject.host.add(requestOf(second)));
    expect(failure).toMatchObject({ code: 101, text: expect.stringContaining('"node-links"') as unknown });
    await subject.host.del(requestOf(first));
    await expectNothingLeft(before, subject);
  });

  test("when the grant's file is no grant", async () => {
    await using subject = await createTestHost({ plugins: PLUGINS });
    using container = createContainer();
    writeFileSync(join(subject.stateDir, "grants", `${hexOf(await pluginOf(subject, "bridge"))}.json`), "{");
    const error: unknown = await subject.host.add(requestOf(container)).catch((caught: unknown) => caught);
    expect(isCniError(error) && [100, 101, 104].includes(error.code)).toBe(true);
  });
});
