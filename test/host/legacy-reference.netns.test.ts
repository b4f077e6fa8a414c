/** Runs in a node namespace of its own: `npm test` makes it. Lists of executables alone, as a runtime without us has them. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/index.ts";
import type { TestContainer } from "../support/container.ts";
import { snapshot } from "../support/snapshot.ts";
import { REFERENCE, createLegacyStage } from "./legacy-stage.ts";
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

/** Calls an executable of the reference as a runtime does. */
const callReference = (type: string, verb: string, container: TestContainer, configuration: object): JsonObject => {
  const { status, stdout } = spawnSync(join(REFERENCE, type), {
    input: JSON.stringify(configuration),
    encoding: "utf8",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: verb,
      CNI_CONTAINERID: container.id,
      CNI_NETNS: container.netns,
      CNI_IFNAME: "eth0",
      CNI_PATH: REFERENCE,
    },
  });
  expect({ type, status, stdout }).toMatchObject({ status: 0 });
  return stdout === "" ? {} : (JSON.parse(stdout) as JsonObject);
};

describe("a list of executables alone", () => {
  const network = (index: number, ipam: JsonObject) => ({
    cniVersion: "0.4.0",
    name: `leg${index}`,
    plugins: [
      { type: "bridge", bridge: `tl${index}`, isGateway: true, ipMasq: true, ipam },
      {
        type: "portmap",
        capabilities: { portMappings: true },
        snat: true,
      },
      { type: "firewall" },
      { type: "tuning", mtu: 1400 },
    ],
  });
  const types = ["bridge", "portmap", "firewall", "tuning"];

  test("does what they do when a runtime calls them, and leaves nothing", async () => {
    const { host, container, requestOf, leasesOf, ipam, newContainer } = await createStage([], types);
    const list = network(5, ipam(5));
    const runtimeConfig = { portMappings: [{ hostPort: 18080, containerPort: 80, protocol: "tcp" }] };
    const request = { ...requestOf(container, list), runtimeConfig };
    const result = await host.add(request);
    expect(container.ip("-o link show eth0")).toContain("mtu 1400");
    expect(execFileSync("iptables", ["-t", "nat", "-S"], { encoding: "utf8" })).toContain("18080");
    await host.del(request);
    expect(leasesOf("leg5")).toEqual([]);
    expect(execFileSync("iptables", ["-t", "nat", "-S"], { encoding: "utf8" })).not.toContain("18080");

    const other = newContainer();
    let prevResult: JsonObject | undefined;
    const { cniVersion, name, plugins } = list;
    for (const { capabilities, ...plugin } of plugins as readonly (JsonObject & { type: string })[]) {
      const derived = { cniVersion, name, ...plugin, ...(capabilities === undefined ? {} : { runtimeConfig }) };
      prevResult = callReference(plugin.type, "ADD", other, {
        ...derived,
        ...(prevResult === undefined ? {} : { prevResult }),
      });
    }
    for (const plugin of (plugins as readonly (JsonObject & { type: string })[]).toReversed())
      callReference(plugin.type, "DEL", other, {
        cniVersion,
        name,
        ...plugin,
        runtimeConfig,
        ...(prevResult === undefined ? {} : { prevResult }),
      });
    const comparable = (value: JsonObject | undefined): string =>
      JSON.stringify(value, Object.keys(flatten(value)).sort())
        .replaceAll(other.netns, container.netns)
        // The reference writes it although it is empty.
        .replace('"dns":{},', "")
        .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/gu, "MAC")
        .replaceAll(/veth[0-9a-f]+/gu, "veth")
        .replaceAll(/10\.78\.5\.\d+\/24/gu, "ADDRESS");
    expect(comparable(result)).toBe(comparable(prevResult));
  });

  test("is undone, last first, by those that ran", async () => {
    const { host, container, requestOf, script, leasesOf, legacyCalls, ipam } = await createStage(
      [],
      [...types, "failing"],
    );
    const list = network(6, ipam(6));
    const plugins = [...list.plugins, { type: "failing" }];
    script("failing", `echo "it is broken" >&2; [ "$CNI_COMMAND" = DEL ]`);
    await expect(host.add(requestOf(container, { ...list, plugins }))).rejects.toMatchObject({
      message: 'plugin "failing" failed on ADD: it is broken',
    });
    expect((await legacyCalls()).filter((line) => line.includes("DEL") && line.endsWith("ok"))).toEqual(
      ["failing", "tuning", "firewall", "portmap", "bridge"].map((type) => `${type} DEL ok`),
    );
    expect(leasesOf("leg6")).toEqual([]);
    expect(container.ip("-o link")).not.toContain("eth0");
  });

  test("is refused before anything is done when one is not there, or not allowed", async () => {
    const { host, container, requestOf, legacyCalls, ipam } = await createStage([], ["bridge", "absent"]);
    const list = network(7, ipam(7));
    const [bridge] = list.plugins;
    await expect(
      host.add(requestOf(container, { ...list, plugins: [bridge, { type: "absent" }] })),
    ).rejects.toMatchObject({ kind: "unknownPlugin", message: 'no executable "absent" in CNI_PATH' });
    await expect(host.add(requestOf(container, list))).rejects.toMatchObject({
      kind: "unknownPlugin",
      details:
        "install it with: cnidaria install portmap; or let /usr/lib/cni/portmap run unconfined: cnidaria legacy allow portmap",
    });
    expect(await legacyCalls()).toEqual([]);
  });
});

function flatten(value: unknown): Record<string, true> {
  if (Array.isArray(value)) return Object.assign({}, ...value.map(flatten)) as Record<string, true>;
  if (typeof value !== "object" || value === null) return {};
  return Object.entries(value).reduce<Record<string, true>>(
    (keys, [key, inner]) => ({ ...keys, [key]: true, ...flatten(inner) }),
    {},
  );
}
