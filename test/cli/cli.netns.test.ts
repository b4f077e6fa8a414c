/** Runs in a node namespace of its own: `npm test` makes it. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridgeNetwork, createContainer, createFolder, nodeLinks, processesOf } from "../host/stage.ts";
import type { Folder } from "../host/stage.ts";
import { readBundled } from "../support/bundled.ts";

const COMMAND = resolve(import.meta.dirname, "../../bin/cnidaria.cjs");

let folder: Folder;
beforeAll(() => {
  folder = createFolder();
  writeFileSync(join(folder.path, "10-net1.conflist"), JSON.stringify(bridgeNetwork(1)));
});
afterAll(() => folder[Symbol.dispose]());

const run = (args: readonly string[], environment: Record<string, string> = {}, node = process.execPath) => {
  const env = { CNIDARIA_STATE_DIR: join(folder.path, "state"), NETCONFPATH: folder.path, ...environment };
  return spawnSync(node, [COMMAND, ...args], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
};

describe("the command", () => {
  test("installs, adds, checks, shows and removes, and leaves nothing", () => {
    expect(run(["add", "net1", "/run/netns/x"]).stdout).toContain('"code": 8');
    const refused = run(["install", "--bundled"]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("--yes");
    expect(run(["install", "--bundled", "--yes"]).status).toBe(0);
    expect(run(["list"]).stdout).toContain("host-local");

    using container = createContainer();
    const added = run(["add", "net1", container.netns], { CNI_IFNAME: "net7" });
    expect(added.status).toBe(0);
    expect(JSON.parse(added.stdout)).toMatchObject({ ips: [{ address: "10.77.1.2/24" }] });
    expect(container.links()).toEqual(["net7"]);
    const operationId = /call ([0-9a-f-]{36})/u.exec(added.stderr)?.[1] ?? "";
    expect(run(["check", "net1", container.netns, "-i", "net7"])).toMatchObject({ status: 0, stdout: "" });
    expect(JSON.parse(run(["--json", "leases"]).stdout)).toMatchObject([{ address: "10.77.1.2", ifname: "net7" }]);
    expect(run(["ledger"]).stdout).toContain("veth");
    expect(JSON.parse(run(["--json", "log", operationId]).stdout)).toContainEqual(
      expect.objectContaining({ operationId, event: "end" }),
    );

    expect(run(["del", "net1", container.netns], { CNI_IFNAME: "net7" })).toMatchObject({ status: 0, stdout: "" });
    expect(run(["--json", "ledger"]).stdout.trim()).toBe("[]");
    expect(nodeLinks()).toEqual([]);
    expect(processesOf(folder.path)).toEqual([]);
  });

  test("reports CNI's error object with exit code 1", () => {
    const { status, stdout } = run(["add", "other", "/run/netns/x"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ cniVersion: "1.1.0", code: 7 });
  });

  test.for([8, 1_000, 1_200_000, -1, -33, -40, -50])("refuses a component with the byte at %i changed", (position) => {
    const component = Buffer.from(readBundled("bridge"));
    const at = position < 0 ? component.byteLength + position : position;
    component.writeUInt8(component.readUInt8(at) ^ 1, at);
    const file = join(folder.path, "bridge.wasm");
    writeFileSync(file, component);
    const { status, stderr } = run(["install", file, "--yes"]);
    expect(status).toBe(1);
    expect(stderr).toContain("cnidaria:");
  });

  test("refuses a file that is no component", () => {
    const file = join(folder.path, "changed.wasm");
    writeFileSync(file, Buffer.from("00617364", "hex"));
    const { status, stderr } = run(["install", file, "--yes"]);
    expect(status).toBe(1);
    expect(stderr).toContain("cnidaria:");
  });

  test.for([
    { title: "native programs where there is a C compiler", args: [], kind: "native", magic: "\x7fELF" },
    { title: "scripts with --no-native", args: ["--no-native"], kind: "node", magic: "#!/b" },
  ])("shim install writes $title, and says so", ({ args, kind, magic }) => {
    const binDir = join(folder.path, `bin-${kind}`);
    expect(run(["install", "loopback", "--yes"]).status).toBe(0);
    const { status, stdout } = run(["--json", "shim", "install", "--bin-dir", binDir, ...args]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind, executables: expect.arrayContaining([join(binDir, "loopback")]) });
    expect(readFileSync(join(binDir, "loopback"), "latin1").slice(0, 4)).toBe(magic);
    // Again, over what is there: each kind replaces the other.
    expect(run(["shim", "install", "--bin-dir", binDir]).stderr).toMatch(/^(native|Node) shims: .*\(/mu);
    const env = { CNI_COMMAND: "VERSION" };
    expect(spawnSync(join(binDir, "loopback"), { env, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });

  test("names the part of a path that root does not have to itself", () => {
    const binDir = join(folder.path, "bin");
    expect(run(["install", "loopback", "--yes"]).status).toBe(0);
    spawnSync("sh", ["-c", `mkdir -p ${binDir} && chmod 777 ${binDir}`]);
    const { status, stderr } = run(["shim", "install", "--bin-dir", binDir]);
    expect(status).toBe(1);
    expect(stderr).toContain(binDir);
  });
});
