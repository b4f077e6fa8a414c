/** containerd, switched over as the README says: pods as a kubelet runs them, and ctr. */
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../host/stage.ts";
import { removePod, runPod, stopPod } from "./cri.ts";
import { IMAGE, createImageArchive } from "./image.ts";
import { NOTHING, createNode, remainsOf } from "./node.ts";
import type { Node } from "./node.ts";
import { whyNot } from "./programs.ts";
import { readmeLines, switchOver } from "./switch.ts";

const missing = whyNot(["containerd", "ctr", "runc", "podman", "busybox"]);

const NETWORK = {
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "bridge",
      bridge: "pods0",
      isDefaultGateway: true,
      ipMasq: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.94.0.0/24" }]] },
    },
  ],
};

/** What a machine without systemd, AppArmor and registry needs. */
const SETTINGS = `
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${IMAGE}"
disable_cgroup = true
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
`;

describe.skipIf(missing !== "")(`containerd${missing}`, () => {
  let node: Node;
  let socketPath = "";
  const ctr = (...args: readonly string[]): readonly string[] => ["ctr", "--address", socketPath, ...args];

  beforeAll(async () => {
    node = await createNode();
    socketPath = join(node.folder, "containerd.sock");
    switchOver(node, "containerd");
    node.write("/etc/cni/net.d/10-pods.conflist", JSON.stringify(NETWORK));
    node.write("/etc/containerd/config.toml", [...readmeLines("containerd"), SETTINGS].join("\n"));
    node.start(["containerd", "--address", socketPath]);
    await until(() => node.run(ctr("version")).status === 0);
    const archive = createImageArchive(node);
    for (const namespace of ["default", "k8s.io"])
      node.must(ctr("--namespace", namespace, "image", "import", "--snapshotter", "native", archive));
  });
  afterAll(() => node.close());

  describe("a pod", () => {
    test("gets an address, is reached, and leaves nothing when it is stopped", async () => {
      const [one, two] = [await runPod(socketPath, "one"), await runPod(socketPath, "two")];
      expect([one.address, two.address]).toEqual(["10.94.0.2", "10.94.0.3"]);
      for (const { address } of [one, two]) node.must(["ping", "-c", "1", "-W", "5", address]);
      await stopPod(socketPath, one.id);
      expect(remainsOf(node).leases).toMatchObject([{ address: two.address }]);
      await stopPod(socketPath, two.id);
      expect(remainsOf(node)).toEqual(NOTHING);
      for (const { id } of [one, two]) await removePod(socketPath, id);
    });

    test("leaves nothing when its process is killed first", async () => {
      const pod = await runPod(socketPath, "killed");
      node.must(ctr("--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", pod.id));
      await stopPod(socketPath, pod.id);
      await removePod(socketPath, pod.id);
      expect(remainsOf(node)).toEqual(NOTHING);
    });

    test("is refused with the reason where its network cannot be had, and leaves nothing", async () => {
      const broken = { ...NETWORK, plugins: [{ ...NETWORK.plugins[0], ipam: { type: "host-local", subnet: "x" } }] };
      node.write("/etc/cni/net.d/05-broken.conflist", JSON.stringify(broken));
      const tryPod = (name: string): Promise<string> =>
        runPod(socketPath, name).then(({ id }) => removePod(socketPath, id).then(() => ""), String);
      let refusal = "";
      for (let attempt = 0; refusal === ""; attempt += 1) refusal = await tryPod(`refused-${attempt}`);
      node.must(["rm", "/etc/cni/net.d/05-broken.conflist"]);
      expect(refusal).toContain("ipam.subnet");
      expect(remainsOf(node)).toEqual(NOTHING);
    });
  });

  describe("ctr run --cni", () => {
    const runArgs = (name: string, ...command: readonly string[]) =>
      ctr("run", "--rm", "--snapshotter", "native", "--cni", "--cgroup", "", IMAGE, name, ...command);
    beforeAll(() => {
      node.must(["cnidaria", "shim", "install", "--bin-dir", "/opt/cni/bin"]);
    });

    test("a container pings another, and nothing is left of either", async () => {
      const server = node.start(runArgs("server", "/bin/sleep", "1000"));
      const ended = once(server, "exit");
      await until(() => remainsOf(node).leases.length === 1);
      const [lease] = remainsOf(node).leases as readonly { readonly address: string }[];
      const said = node.must(runArgs("client", "/bin/ping", "-c", "1", "-W", "5", lease?.address ?? ""));
      expect(said).toContain("1 packets received");
      expect(remainsOf(node).leases).toEqual([lease]);
      node.must(ctr("task", "kill", "--signal", "SIGKILL", "server"));
      await ended;
      expect(remainsOf(node)).toEqual(NOTHING);
    });
  });
});
