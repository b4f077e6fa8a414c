/** What is installed, granted and allowed, as a validation sees it. Runs in a node namespace of its own: `npm test` makes it. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host, JsonObject } from "../../host/index.ts";
import { DIST, createStage, installGuests } from "./stage.ts";
import type { Folder } from "./stage.ts";
import { readBundled } from "../support/bundled.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let host: Host;
let folder: Folder;
beforeAll(async () => {
  ({ host, folder } = await createStage());
});
afterAll(async () => {
  await host.close();
  folder[Symbol.dispose]();
});

const network = (change: JsonObject = {}, ...more: JsonObject[]): JsonObject => ({
  cniVersion: "1.1.0",
  name: "net",
  plugins: [{ type: "bridge", bridge: "br0", ipam: { type: "host-local", subnet: "10.1.0.0/24" }, ...change }, ...more],
});

test("the bundled plugins may be used as they ask to be", async () => {
  expect(await host.validate({ network: network() })).toMatchObject({ ok: true, problems: [] });
  expect(await host.validate({ network: network({ mtu: "large" }) })).toMatchObject({
    ok: false,
    problems: [{ plugin: 0, type: "bridge", message: "/mtu must be integer" }],
  });
});

test("a grant is looked at, and a change of it is seen at once", async () => {
  const component = readBundled("bridge");
  const { capabilities } = JSON.parse(readFileSync(join(ROOT, "guests/bridge/grants.json"), "utf8")) as {
    capabilities: JsonObject;
  };
  const { masquerade: _left, ...others } = capabilities;
  const bridges = [{ configuration: "/bridge", among: ["br8", "br9"] }];
  await host.install({ component, capabilities: { ...others, "node-links": { bridges } } });
  expect((await host.validate({ network: network() })).problems).toMatchObject([
    { type: "bridge", severity: "error", message: 'it is not granted node-links with "br0"' },
    { type: "bridge", severity: "warning", message: expect.stringContaining("masquerade") },
  ]);
  expect(await host.validate({ network: network({ bridge: "br9" }) })).toMatchObject({ ok: true });
  await installGuests(host, ["bridge"]);
  expect(await host.validate({ network: network() })).toMatchObject({ ok: true, problems: [] });
});

test("a type that is uninstalled is unknown; one that is allowed as an executable is unconfined", async () => {
  const bin = join(folder.path, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "vendor"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(bin, "vendor"), 0o755);
  const request = { network: network({}, { type: "vendor" }), pluginDirs: [bin] };
  expect((await host.validate(request)).problems).toMatchObject([
    { plugin: 1, type: "vendor", severity: "error", fix: expect.stringContaining("cnidaria legacy allow vendor") },
  ]);
  await host.allowLegacy("vendor");
  expect(await host.validate(request)).toMatchObject({ ok: true, problems: [{ plugin: 1, severity: "warning" }] });
  expect(await host.validate({ network: request.network })).toMatchObject({ ok: false });
});

test("nothing is run, and nothing is on record", async () => {
  await host.validate({ network: network() });
  expect((await host.log({})).filter(({ event }) => event === "call")).toEqual([]);
});

test("the command says the same, out of its bundles", async () => {
  const confs = join(folder.path, "net.d");
  mkdirSync(confs);
  writeFileSync(join(confs, "10-good.conflist"), JSON.stringify({ ...network(), name: "good" }));
  writeFileSync(join(confs, "20-bad.conflist"), JSON.stringify({ ...network({ bridge: 1 }), name: "bad" }));
  const command = (...args: string[]): Promise<{ code: unknown; stdout: string }> =>
    new Promise((settle) => {
      const argv = [join(DIST, "cli.mjs"), "--state-dir", join(folder.path, "state"), "validate", ...args];
      execFile(
        process.execPath,
        argv,
        { env: { NETCONFPATH: confs, CNI_PATH: resolve("/nowhere") } },
        (error, stdout) => settle({ code: error?.code ?? 0, stdout }),
      );
    });
  expect(await command("good")).toMatchObject({ code: 0, stdout: expect.stringContaining(": ok") });
  expect(await command("bad")).toMatchObject({ code: 1, stdout: expect.stringContaining("/bridge must be string") });
  const { code, stdout } = await command("--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    networks: [
      { name: "good", ok: true },
      { name: "bad", ok: false },
    ],
  });
});
