import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CommandContext } from "../../host/cli/context.ts";
import { formatTable } from "../../host/cli/table.ts";
import type { Host } from "../../host/index.ts";
import { runProgram } from "./run-program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-cli-"));
  mkdirSync(join(folder, "guests"));
  for (const type of ["bridge", "static"]) writeFileSync(join(folder, "guests", `${type}.wasm`), type);
  writeFileSync(join(folder, "10-n.conflist"), '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge"}]}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], overrides: Partial<CommandContext> = {}) => runProgram(folder, args, overrides);

describe("add, del and check", () => {
  test("add prints the result, and the call's id beside it", async () => {
    const { asked, out, notes, exitCode } = await run(["add", "n", "/ns/a"]);
    expect(asked[0]).toEqual(["open", "/var/lib/cnidaria"]);
    expect(asked[1]).toMatchObject(["add", { netns: "/ns/a", ifname: "eth0", args: [], runtimeConfig: {} }]);
    expect(asked.at(-1)).toEqual(["closed"]);
    expect(JSON.parse(out.join("\n"))).toEqual({ cniVersion: "1.0.0", ips: [] });
    expect(notes).toEqual(["call op-1"]);
    expect(exitCode).toBe(0);
  });

  test("del prints nothing", async () => {
    expect((await run(["del", "n", "/ns/a", "-i", "net1"])).out).toEqual([]);
  });

  test("an error is CNI's error object on stdout, in the configuration's version, and exit code 1", async () => {
    const { out, exitCode } = await run(["check", "n", "/ns/a"]);
    expect(JSON.parse(out.join("\n"))).toEqual({ cniVersion: "1.0.0", code: 8, msg: "gone", details: "d" });
    expect(exitCode).toBe(1);
  });

  test("a network that is not there is such an error too", async () => {
    const { out, exitCode } = await run(["add", "other", "/ns/a"]);
    expect(JSON.parse(out.join("\n"))).toMatchObject({ code: 7 });
    expect(exitCode).toBe(1);
  });

  test("the state directory comes from the option, else from the environment", async () => {
    const environment = { NETCONFPATH: folder, CNIDARIA_STATE_DIR: "/env" };
    expect((await run(["del", "n", "/a"], { environment })).asked[0]).toEqual(["open", "/env"]);
    expect((await run(["--state-dir", "/option", "del", "n", "/a"], { environment })).asked[0]).toEqual([
      "open",
      "/option",
    ]);
  });
});

describe("import-leases", () => {
  test("takes over every network of host-local's directory, and exits with 1 when something was skipped", async () => {
    const { asked, out, exitCode } = await run(["import-leases"]);
    expect(asked).toContainEqual(["import", { dir: "/var/lib/cni/networks" }]);
    const [head, row, , , skipped] = out;
    expect(head).toMatch(/^NETWORK +IMPORTED +ALREADY THERE +SKIPPED$/u);
    expect(row).toMatch(/^n +3 +1 +1$/u);
    expect(skipped).toMatch(/^n +10\.0\.0\.9 +a symbolic link$/u);
    expect(exitCode).toBe(1);
  });

  test("takes over those that are named, prints JSON where that is asked for, and exits with 0", async () => {
    const { asked, out, exitCode } = await run(["import-leases", "--dir", "/x", "--network", "n", "m", "--json"]);
    expect(asked).toContainEqual(["import", { dir: "/x", networks: ["n", "m"] }]);
    expect(JSON.parse(out.join("\n"))).toEqual([{ network: "n", imported: 3, present: 1, skipped: [] }]);
    expect(exitCode).toBe(0);
  });
});

test("--cache-dir goes to the host", async () => {
  expect((await run(["--cache-dir", "/var/lib/cni", "del", "n", "/a"])).asked[0]).toEqual([
    "open",
    "/var/lib/cnidaria",
    "/var/lib/cni",
  ]);
});

test("--host-local-store goes to the host, wherever it stands", async () => {
  const opened = ["open", "/var/lib/cnidaria", "/var/lib/cni/networks"];
  expect((await run(["leases", "--host-local-store", "/var/lib/cni/networks"])).asked[0]).toEqual(opened);
  expect((await run(["--host-local-store", "/var/lib/cni/networks", "leases"])).asked[0]).toEqual(opened);
  const bin = ["--bin-dir", join(folder, "bin"), "--host-local-store", "/var/lib/cni/networks"];
  expect((await run(["shim", "install", ...bin])).asked[0]).toEqual(opened);
});

describe("the other commands", () => {
  test.for([
    { args: ["uninstall", "bridge"], wanted: ["uninstall", "bridge"] },
    { args: ["revoke", "bridge"], wanted: ["revoke", "bridge"] },
    { args: ["log", "c1"], wanted: ["log", { limit: 200, containerId: "c1" }] },
    {
      args: ["log", "d8f94280-06cb-4dd8-921b-37d47e5c0846", "--limit", "3"],
      wanted: ["log", { limit: 3, operationId: "d8f94280-06cb-4dd8-921b-37d47e5c0846" }],
    },
    { args: ["attachments", "--container", "c"], wanted: ["attachments", { containerId: "c" }] },
    { args: ["leases", "--network", "n"], wanted: ["leases", { network: "n" }] },
  ])("$args.0 asks the host: $args", async ({ args, wanted }) => {
    expect((await run(args)).asked).toContainEqual(wanted);
  });

  test("a table becomes JSON where that is asked for", async () => {
    expect(JSON.parse((await run(["--json", "leases"])).out.join("\n"))).toMatchObject([{ address: "10.0.0.2" }]);
    expect((await run(["leases"])).out.join("\n")).toContain("10.0.0.2");
  });

  test("an attachment says whether it was added as a list or plugin by plugin", async () => {
    const [, list = "", single = ""] = (await run(["attachments"])).out;
    expect(list).toMatch(/\(whole list\) +dhcp \(executable\), tuning +1970-/u);
    expect(single).toMatch(/eth0 +bridge +bridge, host-local +1970-/u);
  });

  test("version says what is spoken", async () => {
    expect((await run(["version"])).out[0]).toContain("cnidaria 9.9.9");
  });

  test("shim install without plugins says what to do", async () => {
    expect((await run(["shim", "install", "--bin-dir", join(folder, "bin")])).thrown).toMatchObject({
      kind: "unknownPlugin",
    });
  });

  test.for(["-1", "x", "1e9", "99999999"])("shim install refuses --linger-seconds=%s", async (seconds) => {
    const host = {
      list: async () => [{ type: "bridge", cniVersions: [] }],
      [Symbol.asyncDispose]: async () => undefined,
    } as unknown as Host;
    const { thrown } = await run(["shim", "install", "--bin-dir", join(folder, "bin"), `--linger-seconds=${seconds}`], {
      openHost: async () => host,
    });
    expect(thrown).toMatchObject({ kind: "invalidEnvironment" });
  });
});

test("a table has no control characters of a guest", () => {
  expect(formatTable(["A"], [["\u001b[2Jx\u009b"]], { isColoured: false })).toEqual(["A", " [2Jx"]);
});
