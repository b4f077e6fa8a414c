/** podman with the CNI backend, switched over as the README says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../host/stage.ts";
import { IMAGE, preparePodman } from "./image.ts";
import { NOTHING, createNode, remainsOf } from "./node.ts";
import type { Node } from "./node.ts";
import { whyNot } from "./programs.ts";
import { readmeLines, switchOver } from "./switch.ts";

const missing = whyNot(["podman", "runc", "conmon", "busybox", "iptables", "plugins"]);

/** Lets a container ping. */
const PING = ["--cap-add", "NET_RAW"] as const;

/** A network of ours, in the form in which podman reads one back: its plugin is one of ours alone. */
const networkOf = (name: string, index: number) => ({
  cniVersion: "1.0.0",
  name,
  plugins: [
    {
      type: "bridge",
      bridge: `${name}0`,
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        routes: [{ dst: "0.0.0.0/0" }],
        ranges: [[{ subnet: `10.91.${index}.0/24`, gateway: `10.91.${index}.1` }]],
      },
      capabilities: { ips: true },
    },
  ],
});

describe.skipIf(missing !== "")(`podman${missing}`, () => {
  let node: Node;
  const podman = (...args: readonly string[]): string => node.must(["podman", ...args]).trim();
  const runContainer = (name: string, network: string, ...args: readonly string[]): string =>
    podman("run", "--detach", ...PING, "--name", name, "--network", network, ...args, IMAGE, "/bin/sleep", "1000");
  const addressOf = (name: string, network: string): string =>
    podman("inspect", "--format", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
  const canPing = (name: string, address: string): boolean =>
    node.run(["podman", "exec", name, "/bin/ping", "-c", "1", "-W", "5", address]).status === 0;

  beforeAll(async () => {
    node = await createNode();
    switchOver(node, "podman");
    preparePodman(node);
    for (const [index, name] of ["blue", "green"].entries())
      node.write(`/etc/cni/net.d/${name}.conflist`, JSON.stringify(networkOf(name, index)));
  });
  afterEach(() => podman("rm", "--force", "--all", "--time", "0"));
  afterAll(() => node.close());

  test("runs containers that reach their gateway and each other, and leaves nothing when they are stopped", () => {
    runContainer("one", "blue");
    runContainer("two", "blue");
    const [one, two] = [addressOf("one", "blue"), addressOf("two", "blue")];
    expect([one, two]).toEqual(["10.91.0.2", "10.91.0.3"]);
    expect(canPing("one", "10.91.0.1")).toBe(true);
    expect(canPing("one", two)).toBe(true);
    expect(remainsOf(node).leases).toHaveLength(2);
    podman("stop", "--time", "0", "one", "two");
    expect(remainsOf(node)).toEqual(NOTHING);
    podman("rm", "one", "two");
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("leaves nothing of a container that is killed, before it is removed", async () => {
    runContainer("killed", "blue");
    podman("kill", "killed");
    await until(() => remainsOf(node).owned.length === 0);
    expect(remainsOf(node)).toEqual(NOTHING);
    podman("rm", "killed");
  });

  test("leaves nothing of a container that ends by itself", () => {
    const said = podman("run", "--rm", ...PING, "--network", "blue", IMAGE, "/bin/ping", "-c", "1", "10.91.0.1");
    expect(said).toContain("1 packets received");
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("starts a stopped container again", () => {
    runContainer("again", "blue");
    podman("restart", "--time", "0", "again");
    expect(canPing("again", "10.91.0.1")).toBe(true);
    podman("rm", "--force", "--time", "0", "again");
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("gives the address that is asked for", () => {
    runContainer("chosen", "blue", "--ip", "10.91.0.77");
    expect(addressOf("chosen", "blue")).toBe("10.91.0.77");
    expect(canPing("chosen", "10.91.0.1")).toBe(true);
    podman("rm", "--force", "--time", "0", "chosen");
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("connects a running container to a second network, and disconnects it", () => {
    runContainer("both", "blue");
    podman("network", "connect", "green", "both");
    expect(addressOf("both", "green")).toBe("10.91.1.2");
    expect(canPing("both", "10.91.0.1") && canPing("both", "10.91.1.1")).toBe(true);
    podman("network", "disconnect", "green", "both");
    expect(remainsOf(node).links).toContain("blue0");
    expect(remainsOf(node).links).not.toContain("green0");
    podman("rm", "--force", "--time", "0", "both");
    expect(remainsOf(node)).toEqual(NOTHING);
  });

  test("makes networks, and its own configuration works with portmap, firewall and tuning in the chain", () => {
    podman("network", "create", "--subnet", "10.92.0.0/24", "made");
    expect(podman("network", "ls", "--format", "{{.Name}}").split("\n")).toEqual(
      expect.arrayContaining(["blue", "green", "made"]),
    );
    expect(JSON.parse(podman("network", "inspect", "made"))).toMatchObject([
      { name: "made", driver: "bridge", subnets: [{ subnet: "10.92.0.0/24", gateway: "10.92.0.1" }] },
    ]);
    const server = ["--publish", "8080:80", IMAGE, "/bin/httpd", "-f", "-h", "/www"];
    podman("run", "--detach", "--name", "server", "--network", "made", ...server);
    runContainer("client", "made");
    expect(podman("exec", "client", "/bin/wget", "-q", "-O", "-", `http://${addressOf("server", "made")}/`)).toBe(
      "reached",
    );
    expect(node.must(["busybox", "wget", "-q", "-O", "-", "http://10.92.0.1:8080/"])).toBe("reached\n");
    podman("rm", "--force", "--time", "0", "server", "client");
    expect(remainsOf(node)).toEqual(NOTHING);
    podman("network", "rm", "made");
    expect(podman("network", "ls", "--format", "{{.Name}}")).not.toContain("made");
  });

  test("says what was wrong, and leaves nothing of a container that could not be attached", () => {
    const { status, stderr } = node.run([
      "podman",
      "run",
      "--rm",
      "--network",
      "blue",
      "--ip",
      "10.91.0.1",
      IMAGE,
      "/bin/sleep",
    ]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("10.91.0.1");
    expect(remainsOf(node)).toEqual(NOTHING);
  });
});

describe.skipIf(missing !== "")(`podman with containers from before the switch${missing}`, () => {
  test("keeps them connected and their addresses taken, and removes them", async () => {
    const node = await createNode();
    try {
      const podman = (...args: readonly string[]): string => node.must(["podman", ...args]).trim();
      const runContainer = (name: string): string => {
        podman("run", "--detach", ...PING, "--name", name, "--network", "old", IMAGE, "/bin/sleep", "1000");
        return podman("inspect", "--format", "{{.NetworkSettings.Networks.old.IPAddress}}", name);
      };
      preparePodman(node);
      node.write("/etc/cni/net.d/old.conflist", JSON.stringify(networkOf("old", 2)));
      expect(runContainer("before")).toBe("10.91.2.2");
      switchOver(node, "podman");
      for (const line of readmeLines("running")) node.must(["sh", "-c", line.replace("cni-podman0", "old0")]);
      expect(runContainer("after")).toBe("10.91.2.3");
      node.must(["podman", "exec", "after", "/bin/ping", "-c", "1", "-W", "5", "10.91.2.2"]);
      podman("rm", "--force", "--time", "0", "before");
      expect(remainsOf(node).leases).toMatchObject([{ address: "10.91.2.3" }]);
      podman("rm", "--force", "--time", "0", "after");
      // The bridge is not ours to remove.
      expect(remainsOf(node)).toEqual({ ...NOTHING, links: ["old0"] });
    } finally {
      await node.close();
    }
  });
});
