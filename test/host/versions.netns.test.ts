/** ADD, DEL and CHECK in every version of the specification. Runs in a node namespace of its own: `npm test` makes it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ExecRequest, Host, JsonObject } from "../../host/index.ts";
import { SUPPORTED_VERSIONS, isAtLeast } from "../../host/spec/version.ts";
import type { Container, Folder } from "./stage.ts";
import { createContainer, createStage, nodeLinks, nodeRules } from "./stage.ts";

let host: Host;
let folder: Folder;
const containers: Container[] = [];
beforeAll(async () => {
  ({ host, folder } = await createStage());
});
afterEach(() => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
});
afterAll(async () => {
  await host.close();
  folder[Symbol.dispose]();
});

const newContainer = (): Container => {
  const container = createContainer();
  containers.push(container);
  return container;
};

/** A bridge with host-local, both families, as one plugin of the exec protocol is handed it. */
const pluginOf = (cniVersion: string, index: number): JsonObject => ({
  cniVersion,
  name: `versions${index}`,
  type: "bridge",
  bridge: `ver${index}`,
  isGateway: true,
  ipMasq: true,
  ipam: {
    type: "host-local",
    ranges: [[{ subnet: `10.79.${index}.0/24` }], [{ subnet: `fd00:79:${index}::/64` }]],
    routes: [{ dst: "0.0.0.0/0" }],
  },
});

/** What ADD answers in a version. The addresses are the first of each range. */
function wantedOf(cniVersion: string, index: number, netns: string): object {
  const [ip4, gw4] = [`10.79.${index}.2/24`, `10.79.${index}.1`];
  const [ip6, gw6] = [`fd00:79:${index}::2/64`, `fd00:79:${index}::1`];
  if (!isAtLeast(cniVersion, "0.3.0"))
    return {
      cniVersion,
      ip4: { ip: ip4, gateway: gw4, routes: [{ dst: "0.0.0.0/0" }] },
      ip6: { ip: ip6, gateway: gw6 },
    };
  const label = (version: string): object => (isAtLeast(cniVersion, "1.0.0") ? {} : { version });
  return {
    cniVersion,
    interfaces: [{ name: `ver${index}` }, {}, { name: "eth0", sandbox: netns }],
    ips: [
      { ...label("4"), interface: 2, address: ip4, gateway: gw4 },
      { ...label("6"), interface: 2, address: ip6, gateway: gw6 },
    ],
    routes: [{ dst: "0.0.0.0/0" }],
  };
}

const versions = SUPPORTED_VERSIONS.map((cniVersion, index) => ({ cniVersion, index: index + 1 }));

describe("by the exec protocol", () => {
  const call = (container: Container, command: string, configuration: JsonObject): ExecRequest => ({
    command,
    type: "bridge",
    containerId: container.name,
    netns: container.netns,
    ifname: "eth0",
    args: "",
    configuration: JSON.stringify(configuration),
  });

  test.for(versions)("$cniVersion", async ({ cniVersion, index }) => {
    const container = newContainer();
    const plugin = pluginOf(cniVersion, index);
    const result = JSON.parse(await host.exec(call(container, "ADD", plugin))) as JsonObject;
    expect(result).toMatchObject(wantedOf(cniVersion, index, container.netns));
    expect(result).not.toHaveProperty(isAtLeast(cniVersion, "0.3.0") ? "ip4" : "interfaces");
    expect(container.links()).toEqual(["eth0"]);

    const check = host.exec(call(container, "CHECK", { ...plugin, prevResult: result }));
    if (isAtLeast(cniVersion, "0.4.0")) expect(await check).toBe("");
    else
      await expect(check).rejects.toMatchObject({
        code: 1,
        message: expect.stringContaining("does not support the CHECK command"),
      });

    // A runtime hands over the result since 0.4.0.
    const brought = isAtLeast(cniVersion, "0.4.0") ? { prevResult: result } : {};
    expect(await host.exec(call(container, "DEL", { ...plugin, ...brought }))).toBe("");
    expect(await host.exec(call(container, "DEL", { ...plugin, ...brought }))).toBe("");
    expect(container.links()).toEqual([]);
    expect(nodeLinks()).toEqual([]);
    expect(nodeRules()).toEqual([]);
    expect(await host.leases()).toEqual([]);
  });

  test.for(SUPPORTED_VERSIONS)("loopback in %s", async (cniVersion) => {
    const container = newContainer();
    const plugin = { cniVersion, name: "lo", type: "loopback" };
    const request = { ...call(container, "ADD", plugin), type: "loopback", ifname: "lo" };
    const result = JSON.parse(await host.exec(request)) as JsonObject;
    const isListed = isAtLeast(cniVersion, "0.3.0");
    expect(result).toMatchObject(
      isListed ? { cniVersion, ips: [{ address: "127.0.0.1/8" }, {}] } : { cniVersion, ip4: { ip: "127.0.0.1/8" } },
    );
    expect(await host.exec({ ...request, command: "DEL" })).toBe("");
  });

  test("a result of another version is taken as the previous one", async () => {
    const container = newContainer();
    const added = JSON.parse(await host.exec(call(container, "ADD", pluginOf("1.1.0", 20)))) as JsonObject;
    const old = JSON.parse(
      (await host.exec(call(container, "CHECK", { ...pluginOf("0.4.0", 20), prevResult: added }))) || "null",
    ) as unknown;
    expect(old).toBeNull();
    await host.exec(call(container, "DEL", { ...pluginOf("0.3.1", 20), prevResult: added }));
    expect(nodeLinks()).toEqual([]);
  });

  test("0.2.0 without an address is an error, and leaves nothing", async () => {
    const container = newContainer();
    const { ipam: _addresses, isGateway: _gateway, ipMasq: _masquerade, ...plugin } = pluginOf("0.2.0", 21);
    await expect(host.exec(call(container, "ADD", plugin))).rejects.toMatchObject({ code: 1 });
    expect(container.links()).toEqual([]);
    expect(nodeLinks()).toEqual([]);
  });

  test("a plugin without a version is of 0.1.0", async () => {
    const container = newContainer();
    const { cniVersion: _version, ...plugin } = pluginOf("", 22);
    const result = JSON.parse(await host.exec(call(container, "ADD", plugin))) as JsonObject;
    expect(result).toMatchObject({ cniVersion: "0.1.0", ip4: { ip: "10.79.22.2/24" } });
    await host.exec(call(container, "DEL", plugin));
    expect(nodeLinks()).toEqual([]);
  });
});

describe("by the library", () => {
  // Networks of its own: an address that was given back is not the next one.
  const listed = versions.map(({ cniVersion, index }) => ({ cniVersion, index: index + 10 }));

  test.for(listed)("a list of $cniVersion", async ({ cniVersion, index }) => {
    const container = newContainer();
    const { cniVersion: _version, name, ...plugin } = pluginOf(cniVersion, index);
    const request = {
      network: { cniVersion, name: String(name), plugins: [plugin] },
      containerId: container.name,
      netns: container.netns,
      ifname: "eth0",
    };
    expect(await host.add(request)).toMatchObject(wantedOf(cniVersion, index, container.netns));
    expect(await host.attachments({ containerId: container.name })).toMatchObject([{ cniVersion }]);
    if (isAtLeast(cniVersion, "0.4.0")) await host.check(request);
    await host.del(request);
    expect(container.links()).toEqual([]);
    expect(nodeLinks()).toEqual([]);
    expect(await host.leases()).toEqual([]);
  });

  test("works in the newest of several versions", async () => {
    const container = newContainer();
    const { cniVersion: _version, name, ...plugin } = pluginOf("", 23);
    const request = {
      network: { cniVersion: "0.2.0", cniVersions: ["0.4.0", "9.0.0"], name: String(name), plugins: [plugin] },
      containerId: container.name,
      netns: container.netns,
      ifname: "eth0",
    };
    expect(await host.add(request)).toMatchObject(wantedOf("0.4.0", 23, container.netns));
    await host.del(request);
  });
});
