import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../host/components/digest.ts";
import { loadGranted } from "../../host/components/granted.ts";
import { commitInstall, install, planInstall } from "../../host/components/install.ts";
import { layoutOf } from "../../host/components/layout.ts";
import { listInstalled, revoke, uninstall } from "../../host/components/store.ts";
import type { Transpile } from "../../host/components/transpile-protocol.ts";
import { component, custom, instanceExports, instanceImports } from "./bytes.ts";

const LOG = "cnidaria:plugin/log@0.1.0";
const CLOCK = "cnidaria:plugin/clock@0.1.0";

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "cnidaria-install-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** Makes the same small files of any component. */
const transpile: Transpile = async () => ({
  files: [
    { name: "component.js", bytes: Buffer.from("entry") },
    { name: "component.core.wasm", bytes: Buffer.from("core") },
  ],
  coreNames: ["memory"],
});

function manifestOf(capabilities: object, rest: object = {}): object {
  return {
    manifestVersion: 1,
    type: "probe",
    version: "1.0.0",
    description: "for tests",
    exports: ["attachment"],
    capabilities,
    ...rest,
  };
}

function pluginOf(imports: readonly string[], manifest: object): Uint8Array {
  return component(
    instanceImports(...imports),
    instanceExports("cnidaria:plugin/attachment@0.1.0"),
    custom("cnidaria:manifest", JSON.stringify(manifest)),
  );
}

const PLUGIN = pluginOf([LOG], manifestOf({ log: {} }));
const OTHER = pluginOf([LOG, CLOCK], manifestOf({ log: {}, clock: {} }));

describe("a plan", () => {
  test("says what would be granted, and changes nothing", async () => {
    const plan = await planInstall({ stateDir, component: PLUGIN });
    expect(plan).toMatchObject({
      digest: digestOf(PLUGIN),
      replaces: undefined,
      grant: { type: "probe", capabilities: { log: {} } },
    });
    expect(plan.changes).toMatchObject([{ severity: "added", subject: "log" }]);
    expect(readdirSync(stateDir)).toEqual([]);
  });

  test("has bridges that others made only where the operator names them, and the plugin plugs into bridges", async () => {
    const imports = ["cnidaria:plugin/node-links@0.1.0"];
    const bridging = pluginOf(imports, manifestOf({ "node-links": { bridges: [{ configuration: "/bridge" }] } }));
    const adopted = async (adopt?: readonly string[]) =>
      (await planInstall({ stateDir, component: bridging, adopt })).grant.capabilities["node-links"]?.adopt;
    expect([await adopted(), await adopted([]), await adopted(["cni0"])]).toEqual([[], [], ["cni0"]]);
    await expect(adopted(["a/b"])).rejects.toMatchObject({ kind: "invalidEnvironment" });
    await expect(planInstall({ stateDir, component: PLUGIN, adopt: ["cni0"] })).rejects.toMatchObject({
      kind: "notPermitted",
    });
  });

  test("says what is added to the present grant", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    const plan = await planInstall({ stateDir, component: OTHER });
    expect(plan.replaces).toBe(digestOf(PLUGIN));
    expect(plan.changes).toMatchObject([{ severity: "added", subject: "clock" }]);
  });

  test("takes the manifest that lies beside a component without one", async () => {
    const bare = component(instanceImports(LOG), instanceExports("cnidaria:plugin/attachment@0.1.0"));
    await expect(planInstall({ stateDir, component: bare })).rejects.toMatchObject({ kind: "componentRejected" });
    expect((await planInstall({ stateDir, component: bare, manifest: manifestOf({ log: {} }) })).manifest.type).toBe(
      "probe",
    );
  });

  test.for([
    {
      title: "a component that was changed",
      request: { component: OTHER, digest: digestOf(PLUGIN) },
      kind: "componentRejected",
    },
    {
      title: "an import that the manifest does not list",
      request: { component: pluginOf([LOG, CLOCK], manifestOf({ log: {} })) },
      kind: "componentRejected",
    },
    {
      title: "two manifests that differ",
      request: { component: PLUGIN, manifest: manifestOf({ log: {}, clock: {} }) },
      kind: "componentRejected",
    },
    {
      title: "a manifest with a capability that does not exist",
      request: { component: pluginOf([], manifestOf({ root: {} })) },
      kind: "componentRejected",
    },
    {
      title: "a grant beyond the manifest",
      request: { component: PLUGIN, capabilities: { log: {}, clock: {} } },
      kind: "notPermitted",
    },
  ])("refuses $title", async ({ request, kind }) => {
    await expect(planInstall({ stateDir, ...request })).rejects.toMatchObject({ kind });
  });
});

describe("an installation", () => {
  test("can be read back: the grant, and every file that it names", async () => {
    const { grant } = await install({ stateDir, component: PLUGIN }, transpile, () => new Date(0));
    const loaded = loadGranted(stateDir, digestOf(PLUGIN));
    expect(loaded.grant).toEqual(grant);
    expect(loaded.files.map(({ name, bytes }) => [name, bytes.toString()])).toEqual([
      ["component.js", "entry"],
      ["component.core.wasm", "core"],
    ]);
    expect(grant.grantedAt).toBe("1970-01-01T00:00:00.000Z");
  });

  test("lets nobody else read or write, and leaves no temporary file", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    const entries = readdirSync(stateDir, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => (statSync(join(entry.parentPath, entry.name)).mode & 0o077) !== 0)).toEqual([]);
    expect(entries.filter(({ name }) => name.startsWith("."))).toEqual([]);
  });

  test("gives the operator's scopes and limits where they are narrower", async () => {
    const { grant } = await install(
      { stateDir, component: OTHER, capabilities: { log: {} }, limits: { hostCalls: 7 } },
      transpile,
    );
    expect(grant.capabilities).toEqual({ log: {} });
    expect(grant.limits.hostCalls).toBe(7);
  });

  test("refuses code with a name that generated code must not have", async () => {
    const plan = await planInstall({ stateDir, component: PLUGIN });
    const evil: Transpile = async (bytes, options) => ({
      ...(await transpile(bytes, options)),
      coreNames: ["');evil();('"],
    });
    await expect(commitInstall(plan, evil)).rejects.toMatchObject({ kind: "componentRejected" });
    expect(await listInstalled(stateDir)).toEqual([]);
  });

  test("switches a type's name when all else is there, and keeps the old component", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    const plan = await planInstall({ stateDir, component: OTHER });
    await expect(commitInstall(plan, async () => Promise.reject(new Error("no code")))).rejects.toThrow();
    expect(readFileSync(layoutOf(stateDir).type("probe"), "utf8")).toBe(`${digestOf(PLUGIN)}\n`);
    await commitInstall(plan, transpile);
    expect(readFileSync(layoutOf(stateDir).type("probe"), "utf8")).toBe(`${digestOf(OTHER)}\n`);
    expect(loadGranted(stateDir, digestOf(PLUGIN)).files).toHaveLength(2);
  });

  test("can be done again", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    await install({ stateDir, component: PLUGIN }, transpile);
    expect(await listInstalled(stateDir)).toMatchObject([{ digest: digestOf(PLUGIN), types: ["probe"] }]);
  });
});

describe("reading back refuses", () => {
  const code = (): string => {
    const { grant } = loadGranted(stateDir, digestOf(PLUGIN));
    return join(layoutOf(stateDir).transpiledDir(grant.digest, grant.transpiled.key), "component.core.wasm");
  };
  const changes: readonly { title: string; change: (path: string) => void }[] = [
    { title: "one changed byte", change: (path) => writeFileSync(path, "cOre") },
    { title: "a shorter file", change: (path) => truncateSync(path, 3) },
    { title: "a missing file", change: (path) => unlinkSync(path) },
    {
      title: "a link, even to the same bytes",
      change: (path) => {
        writeFileSync(`${path}.real`, "core");
        unlinkSync(path);
        symlinkSync(`${path}.real`, path);
      },
    },
  ];
  test.for(changes)("$title", async ({ change }) => {
    await install({ stateDir, component: PLUGIN }, transpile);
    change(code());
    expect(() => loadGranted(stateDir, digestOf(PLUGIN))).toThrow(
      expect.objectContaining({ kind: "componentRejected" }),
    );
  });

  test("a component without a grant, and a grant that was put in another's place", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    const layout = layoutOf(stateDir);
    const other = digestOf(OTHER);
    expect(() => loadGranted(stateDir, other)).toThrow(expect.objectContaining({ kind: "notPermitted" }));
    writeFileSync(layout.grant(other), readFileSync(layout.grant(digestOf(PLUGIN))));
    expect(() => loadGranted(stateDir, other)).toThrow(expect.objectContaining({ kind: "notPermitted" }));
  });
});

describe("taking away", () => {
  test("uninstall takes the name away, and leaves the component to those that use it", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    expect(await uninstall(stateDir, "probe")).toBe(digestOf(PLUGIN));
    expect(await listInstalled(stateDir)).toMatchObject([{ digest: digestOf(PLUGIN), types: [] }]);
    expect(loadGranted(stateDir, digestOf(PLUGIN)).files).toHaveLength(2);
    await expect(uninstall(stateDir, "probe")).rejects.toMatchObject({ kind: "unknownPlugin" });
  });

  test("revoke takes the grant and the name at once", async () => {
    await install({ stateDir, component: PLUGIN }, transpile);
    expect(await revoke(stateDir, digestOf(PLUGIN))).toEqual({ types: ["probe"] });
    expect(() => loadGranted(stateDir, digestOf(PLUGIN))).toThrow(expect.objectContaining({ kind: "notPermitted" }));
    expect(await listInstalled(stateDir)).toEqual([{ digest: digestOf(PLUGIN), types: [], grant: undefined }]);
  });
});
