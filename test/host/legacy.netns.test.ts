/** Runs in a node namespace of its own: `npm test` makes it. Components and executables in one list. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/index.ts";
import { installShims } from "../../host/shim/install.ts";
import { snapshot } from "../support/snapshot.ts";
import { createLegacyStage } from "./legacy-stage.ts";
import type { LegacyStage } from "./legacy-stage.ts";

let stage: LegacyStage | undefined;
let node: readonly string[];
beforeEach(async () => {
  node = await snapshot();
});
afterEach(async () => {
  await stage?.[Symbol.asyncDispose]();
  stage = undefined;
  expect(await snapshot()).toEqual(node);
});
const createStage = async (plugins: readonly string[], legacy: readonly string[]) => {
  stage = await createLegacyStage(plugins, legacy);
  return { ...stage, container: stage.newContainer() };
};

describe("a component with an executable as its IPAM plugin, and another chained behind it", () => {
  const network = (index: number, ipam: JsonObject) => ({
    cniVersion: "1.0.0",
    name: `leg${index}`,
    plugins: [
      { type: "bridge", bridge: `tl${index}`, isGateway: true, ipam },
      { type: "tuning", sysctl: { "net.core.somaxconn": "500" } },
    ],
  });

  test("adds, checks and removes", async () => {
    const { host, container, requestOf, leasesOf, legacyCalls, ipam } = await createStage(
      ["bridge"],
      ["host-local", "tuning"],
    );
    const request = requestOf(container, network(1, ipam(1)));
    const result = await host.add(request);
    expect(result).toMatchObject({
      cniVersion: "1.0.0",
      ips: [{ address: "10.78.1.2/24", gateway: "10.78.1.1", interface: 2 }],
      routes: [{ dst: "0.0.0.0/0" }],
    });
    expect(container.run("cat", "/proc/sys/net/core/somaxconn").trim()).toBe("500");
    expect(container.ip("-4 -o addr show eth0")).toContain("10.78.1.2/24");
    expect(leasesOf("leg1")).toEqual(["10.78.1.2"]);
    expect(await host.attachments()).toMatchObject([{ legacy: ["host-local", "tuning"] }]);
    await host.check(request);
    await host.del(request);
    expect(leasesOf("leg1")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    const begunAndDone = (type: string, verb: string) => [`${type} ${verb} begun`, `${type} ${verb} ok`];
    expect(await legacyCalls()).toEqual([
      ...begunAndDone("host-local", "ADD"),
      ...begunAndDone("tuning", "ADD"),
      ...begunAndDone("host-local", "CHECK"),
      ...begunAndDone("tuning", "CHECK"),
      ...begunAndDone("tuning", "DEL"),
      ...begunAndDone("host-local", "DEL"),
    ]);
  });

  test("gives the address back when a later plugin fails, and says what that one said", async () => {
    const { host, container, requestOf, script, leasesOf, legacyCalls, ipam } = await createStage(
      ["bridge"],
      ["host-local", "tuning"],
    );
    script("tuning", `[ "$CNI_COMMAND" = DEL ] && exit 0; echo '{"code":4242,"msg":"not today"}'; exit 1`);
    await expect(host.add(requestOf(container, network(2, ipam(2))))).rejects.toMatchObject({
      code: 4242,
      message: "not today",
    });
    expect(leasesOf("leg2")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    expect((await legacyCalls()).slice(-4)).toEqual([
      "tuning DEL begun",
      "tuning DEL ok",
      "host-local DEL begun",
      "host-local DEL ok",
    ]);
  });

  test("is called plugin by plugin, as a runtime with our executables does; GC takes along what only the executable knows", async () => {
    const { host, container, ipam, leasesOf, requestOf } = await createStage(["bridge"], ["host-local"]);
    const asked = { cniVersion: "1.0.0", name: "leg10", type: "bridge", bridge: "tl10", ipam: ipam(10) };
    const { network: _list, ...names } = requestOf(container, {});
    const call = (command: string, stdin: object) =>
      host.exec({ ...names, command, type: "bridge", args: "", configuration: JSON.stringify(stdin) });
    const prevResult = JSON.parse(await call("ADD", asked)) as JsonObject;
    expect(prevResult).toMatchObject({ ips: [{ address: "10.78.10.2/24" }] });
    await call("CHECK", { ...asked, prevResult });
    await call("DEL", { ...asked, prevResult });
    await call("DEL", { ...asked, prevResult });
    expect(leasesOf("leg10")).toEqual([]);
    await call("ADD", asked);
    expect(leasesOf("leg10")).toHaveLength(1);
    const { pluginDirs = [] } = names;
    await host.gc({ network: asked, valid: [], pluginDirs });
    expect(leasesOf("leg10")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
  });

  test("is removed without the component, which is not there any more: the address is given back", async () => {
    const { host, container, requestOf, leasesOf, ipam } = await createStage(["bridge"], ["host-local", "tuning"]);
    const request = requestOf(container, network(3, ipam(3)));
    await host.add(request);
    await host.revoke("bridge");
    await host.del({ ...request, netns: "" });
    expect(leasesOf("leg3")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
  });

  test("is removed but for what the executable made, when that is not allowed any more; and wholly when it is again", async () => {
    const { host, container, requestOf, leasesOf, ipam } = await createStage(["bridge"], ["host-local", "tuning"]);
    const request = requestOf(container, network(4, ipam(4)));
    await host.add(request);
    await host.denyLegacy("host-local");
    await expect(host.del(request)).rejects.toMatchObject({
      message: 'the executable of type "host-local" is not allowed any more',
      details: expect.stringContaining("cnidaria legacy allow host-local") as string,
    });
    expect(container.ip("-o link")).not.toContain("eth0");
    expect(leasesOf("leg4")).toEqual(["10.78.4.2"]);
    await host.allowLegacy("host-local");
    await host.del(request);
    expect(leasesOf("leg4")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
  });
});

describe("an executable with a component as its IPAM plugin, by an executable of ours, and a component behind it", () => {
  const network = (index: number) => ({
    cniVersion: "1.0.0",
    name: `leg${index}`,
    plugins: [
      {
        type: "bridge",
        bridge: `tl${index}`,
        isGateway: true,
        ipam: { type: "host-local", subnet: `10.78.${index}.0/24` },
      },
      { type: "loopback" },
    ],
  });
  const stageShims = async (isNativeWanted: boolean) => {
    const staged = await createStage(["host-local", "loopback"], ["bridge", "failing"]);
    const binDir = join(staged.folder, "ours");
    installShims({
      stateDir: staged.stateDir,
      bundleDir: join(import.meta.dirname, "..", "..", "dist"),
      nodePath: process.execPath,
      types: await staged.host.list(),
      binDir,
      lingerSeconds: 0,
      isNativeWanted,
    });
    const { container } = staged;
    return { ...staged, requestBy: (list: object) => staged.requestOf(container, list, [binDir]) };
  };

  test.for([true, false])("adds, checks and removes as one operation (native: %s)", async (isNativeWanted) => {
    const { host, container, requestBy } = await stageShims(isNativeWanted);
    const request = requestBy(network(8));
    expect(await host.add(request)).toMatchObject({ ips: [{ address: "10.78.8.2/24", gateway: "10.78.8.1" }] });
    expect(container.ip("-4 -o addr show eth0")).toContain("10.78.8.2/24");
    expect(container.ip("-o link show lo")).toContain("UP");
    expect(await host.leases()).toMatchObject([{ address: "10.78.8.2", network: "leg8", containerId: container.id }]);
    await host.check(request);
    await host.del(request);
    expect(await host.leases()).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    await host.del({ ...request, netns: "" });
  });

  test("gives the address back when a later plugin fails", async () => {
    const { host, container, requestBy, script } = await stageShims(false);
    script("failing", `[ "$CNI_COMMAND" = DEL ]`);
    const list = network(9);
    const plugins = [...list.plugins, { type: "failing" }];
    await expect(host.add(requestBy({ ...list, plugins }))).rejects.toMatchObject({ kind: "pluginFailed" });
    expect(await host.leases()).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    expect(container.ip("-o link")).not.toContain("eth0");
  });
});
