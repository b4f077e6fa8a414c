import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CommandContext } from "../../host/cli/context.ts";
import { parseValidList } from "../../host/cli/network-commands.ts";
import { createProgram } from "../../host/cli/program.ts";
import type { GcRequest, Host, StatusRequest } from "../../host/index.ts";
import { CniError } from "../../host/spec/error.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-cli-"));
  writeFileSync(join(folder, "10-n.conflist"), '{"cniVersion":"1.1.0","name":"n","plugins":[{"type":"bridge"}]}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command on a host that writes down what it is asked, and may fail. */
async function run(args: readonly string[], failure?: CniError) {
  const asked: unknown[] = [];
  const out: string[] = [];
  let exitCode = 0;
  const answer = (verb: string) => async (request: StatusRequest | GcRequest) => {
    const { onBegin: _, ...rest } = request;
    asked.push([verb, { ...rest, network: (JSON.parse(String(rest.network)) as { readonly name: string }).name }]);
    if (failure !== undefined) throw failure;
  };
  const host = { gc: answer("gc"), status: answer("status"), [Symbol.asyncDispose]: async () => undefined };
  const context: CommandContext = {
    environment: { NETCONFPATH: folder, CNI_PATH: "/opt/cni/bin" },
    print: (line) => out.push(line),
    note: () => undefined,
    style: { isColoured: false },
    ask: undefined,
    openHost: async () => host as unknown as Host,
    bundleDir: folder,
    nodePath: process.execPath,
    version: "9.9.9",
    exitWith: (code) => {
      exitCode = code;
    },
  };
  await createProgram(context).parseAsync(["node", "cnidaria", ...args]);
  return { asked, out: out.join("\n"), exitCode };
}

const SHARED = { network: "n", pluginDirs: ["/opt/cni/bin"], trace: {} };

test.for<{ args: readonly string[]; asked: unknown }>([
  { args: ["gc", "n"], asked: ["gc", { ...SHARED, valid: [] }] },
  { args: ["gc", "n", "/run/netns/x"], asked: ["gc", { ...SHARED, valid: [] }] },
  {
    args: ["gc", "n", "--valid", "c1/eth0, c2/net1"],
    asked: [
      "gc",
      {
        ...SHARED,
        valid: [
          { containerId: "c1", ifname: "eth0" },
          { containerId: "c2", ifname: "net1" },
        ],
      },
    ],
  },
  { args: ["status", "n"], asked: ["status", SHARED] },
  { args: ["status", "n", "/run/netns/x"], asked: ["status", SHARED] },
])("$args asks the host, prints nothing and exits with 0", async ({ args, asked }) => {
  expect(await run(args)).toEqual({ asked: [asked], out: "", exitCode: 0 });
});

test.for(["gc", "status"])("%s reports CNI's error object with exit code 1", async (verb) => {
  const { out, exitCode } = await run([verb, "n"], new CniError("pluginUnavailable", "no", { details: "d" }));
  expect(JSON.parse(out)).toEqual({ cniVersion: "1.1.0", code: 50, msg: "no", details: "d" });
  expect(exitCode).toBe(1);
});

test("a network that is nowhere is code 7, and no host is asked", async () => {
  const { asked, out, exitCode } = await run(["status", "other"]);
  expect(JSON.parse(out)).toMatchObject({ code: 7 });
  expect({ asked, exitCode }).toEqual({ asked: [], exitCode: 1 });
});

test.for(["c1", "c1/eth0/x", "/eth0", "c1/", "-c/eth0", "c1/a b"])(
  "--valid %j is refused before a host is asked",
  async (valid) => {
    const { asked, out } = await run(["gc", "n", "--valid", valid]);
    expect(JSON.parse(out)).toMatchObject({ code: expect.any(Number) as number });
    expect(asked).toEqual([]);
  },
);

test("an empty list, and empty entries, name nothing", () => {
  expect(parseValidList("")).toEqual([]);
  expect(parseValidList(",c1/eth0,")).toEqual([{ containerId: "c1", ifname: "eth0" }]);
});
