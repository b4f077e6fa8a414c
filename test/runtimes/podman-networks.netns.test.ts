/** podman's own networks, in the configuration that podman itself writes, by components alone: no folder with other executables. */
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { questionCommand, serverCommand } from "../support/sockets.ts";
import type { QuestionOptions, ServerOptions } from "../support/sockets.ts";
import { until } from "../host/stage.ts";
import { IMAGE, preparePodman } from "./image.ts";
import { NOTHING, createNode, remainsOf } from "./node.ts";
import type { Node } from "./node.ts";
import { whyNot } from "./programs.ts";
import { BIN_DIR, switchOver } from "./switch.ts";

const missing = whyNot(["podman", "runc", "conmon", "busybox"]);

/** The node's addresses towards somebody outside. */
const NODE = "192.0.2.1";
const NODE_V6 = "2001:db8:ffff::1";

/** Prints a page. */
const BROWSER =
  "fetch(process.argv[1], { signal: AbortSignal.timeout(3000) }).then(async (page) => process.stdout.write(await page.text()), () => {})";

/** What runs in a container: a server of pages, or nothing. */
const HTTPD = ["/bin/httpd", "-f", "-h", "/www"];
const SLEEP = ["/bin/sleep", "1000"];

describe.skipIf(missing !== "")(`podman's own networks${missing}`, () => {
  let node: Node;
  const podman = (...args: readonly string[]): string => node.must(["podman", ...args]).trim();
  const start = (name: string, options: readonly string[], command = SLEEP): string =>
    podman("run", "--detach", "--cap-add", "NET_RAW", "--name", name, ...options, IMAGE, ...command);
  const canPing = (name: string, address: string): boolean =>
    node.run(["podman", "exec", name, "/bin/ping", "-c", "1", "-W", "5", address]).status === 0;
  const cannotPing = (name: string, address: string): boolean =>
    node.run(["podman", "exec", name, "/bin/ping", "-c", "1", "-W", "1", address]).status === 1;
  const inspect = (name: string, network: string, field: string): string =>
    podman("inspect", "--format", `{{(index .NetworkSettings.Networks "${network}").${field}}}`, name);
  const typesOf = (network: string): readonly unknown[] => {
    const path = node.must(["grep", "-l", `"name": "${network}"`, "-r", "/etc/cni/net.d"]).trim();
    const { plugins } = JSON.parse(node.must(["cat", path])) as { readonly plugins: readonly { type: string }[] };
    return plugins.map(({ type }) => type);
  };
  /** Gets a page, from the node or from outside; the empty text: there is none. */
  const page = (address: string, port: number, from: readonly string[] = []): string =>
    node.run([...from, process.execPath, "-e", BROWSER, `http://${address}:${port}/`]).stdout;
  /** Starts a server of pages, and waits until it serves its own container. */
  const startServer = async (name: string, options: readonly string[]): Promise<void> => {
    start(name, options, HTTPD);
    await until(
      () => node.run(["podman", "exec", name, "/bin/wget", "-q", "-O", "-", "http://127.0.0.1/"]).status === 0,
    );
  };
  const OUTSIDE = ["ip", "netns", "exec", "outside"];
  const ask = (from: readonly string[], question: QuestionOptions): string =>
    node.must([...from, ...questionCommand(question)]).trim();
  /** Starts a server in a container's network; it ends with the container's node. */
  const serve = async (name: string, options: ServerOptions): Promise<void> => {
    const pid = podman("inspect", "--format", "{{.State.Pid}}", name);
    const child = node.start(["nsenter", "--target", pid, "--net", "--", ...serverCommand(options)]);
    if (child.stdout !== null) await once(child.stdout, "data");
  };

  beforeAll(async () => {
    node = await createNode();
    switchOver(node, "podman");
    node.write(
      "/etc/containers/containers.conf.d/cnidaria.conf",
      `[network]\nnetwork_backend = "cni"\ncni_plugin_dirs = ["${BIN_DIR}"]\n`,
    );
    preparePodman(node);
    node.must(["sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad"]);
    node.addNetns("outside");
    for (const command of [
      "link add out0 type veth peer name eth0 netns outside",
      `address add ${NODE}/24 dev out0`,
      `address add ${NODE_V6}/64 dev out0 nodad`,
      "link set out0 up",
      "-n outside address add 192.0.2.2/24 dev eth0",
      "-n outside address add 2001:db8:ffff::2/64 dev eth0 nodad",
      "-n outside link set eth0 up",
    ])
      node.must(["ip", ...command.split(" ")]);
  });
  afterEach(() => {
    podman("rm", "--force", "--all", "--time", "0");
    expect(remainsOf(node)).toEqual({ ...NOTHING, links: ["out0"] });
  });
  afterAll(() => node.close());

  test("the one that is there from the start: run, ping, publish, stop, start again, remove", async () => {
    await startServer("server", ["--publish", "8080:80"]);
    start("client", []);
    const address = inspect("server", "podman", "IPAddress");
    expect(address).toMatch(/^10\.88\.0\./u);
    expect(canPing("client", address) && canPing("client", "10.88.0.1") && canPing("client", "192.0.2.2")).toBe(true);
    const everywhere = (): readonly string[] => [
      page(NODE, 8080, OUTSIDE),
      page(NODE, 8080),
      page("10.88.0.1", 8080),
      page("127.0.0.1", 8080),
      podman("exec", "client", "/bin/wget", "-q", "-O", "-", `http://${NODE}:8080/`) + "\n",
      podman("exec", "server", "/bin/wget", "-q", "-O", "-", `http://${NODE}:8080/`) + "\n",
    ];
    expect(everywhere()).toEqual(Array(6).fill("reached\n"));
    podman("stop", "--time", "0", "server");
    expect(page(NODE, 8080, OUTSIDE)).toBe("");
    podman("start", "server");
    await until(() => page(inspect("server", "podman", "IPAddress"), 80) !== "");
    expect(everywhere()).toEqual(Array(6).fill("reached\n"));
  });

  test("one that is made: bridge, portmap, firewall and tuning, in the file that podman writes", async () => {
    podman("network", "create", "made");
    expect(typesOf("made")).toEqual(["bridge", "portmap", "firewall", "tuning"]);
    await startServer("server", ["--network", "made", "--publish", "8080:80", "--publish", `${NODE}:8081:80`]);
    expect([page(NODE, 8080, OUTSIDE), page(NODE, 8081, OUTSIDE), page("127.0.0.1", 8081)]).toEqual([
      "reached\n",
      "reached\n",
      "",
    ]);
    podman("rm", "--force", "--time", "0", "server");
    podman("network", "rm", "made");
  });

  test("both families", async () => {
    podman("network", "create", "--ipv6", "--subnet", "10.94.0.0/24", "--subnet", "fd00:94::/64", "dual");
    await startServer("server", ["--network", "dual", "--publish", "8080:80"]);
    start("client", ["--network", "dual"]);
    const address = inspect("server", "dual", "GlobalIPv6Address");
    expect(address).toMatch(/^fd00:94::/u);
    expect(canPing("client", address) && canPing("client", inspect("server", "dual", "IPAddress"))).toBe(true);
    expect([page(NODE, 8080, OUTSIDE), page(`[${NODE_V6}]`, 8080, OUTSIDE)]).toEqual(["reached\n", "reached\n"]);
    podman("rm", "--force", "--all", "--time", "0");
    podman("network", "rm", "dual");
  });

  test("an address, a hardware address and a port of UDP that are asked for", async () => {
    start("chosen", ["--ip", "10.88.0.77", "--mac-address", "02:00:00:00:00:77", "--publish", "5353:53/udp"]);
    expect(inspect("chosen", "podman", "IPAddress")).toBe("10.88.0.77");
    expect(podman("exec", "chosen", "/bin/ip", "link", "show", "eth0")).toContain("02:00:00:00:00:77");
    await serve("chosen", { protocol: "udp", port: 53, name: "chosen" });
    const question = { protocol: "udp", address: NODE, port: 5353 } as const;
    expect(ask(OUTSIDE, question)).toBe("chosen 192.0.2.2");
    expect(ask([], { ...question, address: "127.0.0.1" })).toBe("chosen 10.88.0.1");
  });

  test("isolated ones are kept apart, and one without the outside has its own containers alone", () => {
    for (const name of ["red", "blue"]) {
      podman("network", "create", "--opt", "isolate=true", name);
      start(name, ["--network", name]);
    }
    const [red, blue] = [inspect("red", "red", "IPAddress"), inspect("blue", "blue", "IPAddress")];
    expect(cannotPing("red", blue) && cannotPing("blue", red)).toBe(true);
    expect(canPing("red", "192.0.2.2")).toBe(true);
    podman("network", "create", "--internal", "inner");
    start("one", ["--network", "inner"]);
    start("two", ["--network", "inner"]);
    expect(canPing("one", inspect("two", "inner", "IPAddress"))).toBe(true);
    expect(canPing("one", "192.0.2.2")).toBe(false);
    podman("rm", "--force", "--all", "--time", "0");
    podman("network", "rm", "red", "blue", "inner");
  });

  test("a port that another container has is refused by podman's words and ours, and leaves nothing", async () => {
    await startServer("first", ["--publish", "8080:80"]);
    const { status, stderr } = node.run(["podman", "run", "--rm", "--publish", "8080:80", IMAGE, "/bin/sleep", "0"]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("8080");
    expect(page(NODE, 8080, OUTSIDE)).toBe("reached\n");
  });
});
