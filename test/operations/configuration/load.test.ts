import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadNetworkList, loadNetworkLists } from "../../../host/operations/configuration/load.ts";
import type { LoadOptions } from "../../../host/operations/configuration/load.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-netconf-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file of the directory: a value as JSON, a text as it is. */
function write(name: string, value: unknown): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}
const list = (name: string, ...types: string[]): object => ({
  cniVersion: "1.0.0",
  name,
  plugins: types.map((type) => ({ type })),
});
const typesOf = async (name: string): Promise<readonly string[]> =>
  (await loadNetworkList(folder, name)).plugins.map(({ type }) => type);

describe("loadNetworkList", () => {
  test("finds a list by the name inside the file", async () => {
    write("10-a.conflist", list("a", "x"));
    const path = write("20-b.conflist", list("b", "y"));
    expect(await loadNetworkList(folder, "b")).toMatchObject({
      name: "b",
      cniVersion: "1.0.0",
      plugins: [{ type: "y" }],
      text: JSON.stringify(list("b", "y")),
      path,
      dropIns: [],
    });
  });

  test.for([
    { title: "a list before a single plugin", files: ["10-a.conf", "20-a.conflist"], want: "20-a.conflist" },
    { title: "the first list by name", files: ["20-a.conflist", "10-a.conflist"], want: "10-a.conflist" },
    { title: "capital letters before small ones", files: ["a.conflist", "B.conflist"], want: "B.conflist" },
    { title: "digits as text", files: ["9.conflist", "10.conflist"], want: "10.conflist" },
    { title: ".conf and .json by name", files: ["20-a.conf", "10-a.json"], want: "10-a.json" },
  ])("takes $title", async ({ files, want }) => {
    for (const file of files)
      write(file, file.endsWith(".conflist") ? list("a", "x") : { cniVersion: "1.0.0", name: "a", type: "x" });
    expect((await loadNetworkList(folder, "a")).path).toBe(join(folder, want));
  });

  test("makes a list of a single plugin, which gets no drop-ins", async () => {
    write("10-a.json", { cniVersion: "0.4.0", name: "a", type: "x", disableCheck: "true" });
    write("a/10.conf", { type: "y" });
    expect(await loadNetworkList(folder, "a")).toMatchObject({
      cniVersion: "0.4.0",
      disableCheck: true,
      plugins: [{ type: "x" }],
      dropIns: [],
    });
  });

  test("appends the files of the folder named after the network, in order", async () => {
    write("10-a.conflist", { ...list("a", "x"), vendor: 1 });
    write("a/20.conf", { type: "z", own: { field: 1 } });
    write("a/10.conf", { type: "y" });
    write("a/30.json", "nothing");
    mkdirSync(join(folder, "a", "40.conf"));
    const loaded = await loadNetworkList(folder, "a");
    expect(loaded.dropIns).toEqual([join(folder, "a/10.conf"), join(folder, "a/20.conf")]);
    expect(JSON.parse(loaded.text)).toEqual({
      ...list("a"),
      vendor: 1,
      plugins: [{ type: "x" }, { type: "y" }, { type: "z", own: { field: 1 } }],
    });
  });

  test("a list without plugins is complete with its drop-ins", async () => {
    write("10-a.conflist", { cniVersion: "1.0.0", name: "a" });
    write("a/10.conf", { type: "y" });
    expect(await typesOf("a")).toEqual(["y"]);
  });

  test.for([
    { title: "a list without plugins and drop-ins", change: {}, dropIn: undefined },
    { title: "an empty list of plugins, drop-ins or not", change: { plugins: [] }, dropIn: { type: "y" } },
    {
      title: "loadOnlyInlinedPlugins without plugins",
      change: { loadOnlyInlinedPlugins: true },
      dropIn: { type: "y" },
    },
    { title: "a drop-in without a type", change: { plugins: [{ type: "x" }] }, dropIn: { name: "y" } },
    { title: "a drop-in with a path as type", change: { plugins: [{ type: "x" }] }, dropIn: { type: "../y" } },
  ])("refuses $title", async ({ change, dropIn }) => {
    write("10-a.conflist", { cniVersion: "1.0.0", name: "a", ...change });
    if (dropIn !== undefined) write("a/10.conf", dropIn);
    await expect(loadNetworkList(folder, "a")).rejects.toMatchObject({
      code: 7,
      message: expect.stringContaining(folder),
    });
  });

  test.for([true, "true", "TRUE"])("loadOnlyInlinedPlugins: %j keeps drop-ins out, read or not", async (value) => {
    write("10-a.conflist", { ...list("a", "x"), loadOnlyInlinedPlugins: value });
    write("a/10.conf", "{");
    expect(await typesOf("a")).toEqual(["x"]);
  });

  test("keys match whatever their case, also of what drop-ins are appended to", async () => {
    write("10-a.conflist", { CNIVersion: "1.0.0", Name: "a", Plugins: [{ Type: "x" }] });
    write("a/10.conf", { TYPE: "y" });
    expect(await typesOf("a")).toEqual(["x", "y"]);
  });

  test("follows links to files, as a mounted ConfigMap has them", async () => {
    write("..data/a", list("a", "x"));
    symlinkSync("..data/a", join(folder, "10-a.conflist"));
    expect(await typesOf("a")).toEqual(["x"]);
  });

  test.for([
    { title: "no directory", code: 7, file: undefined, value: undefined },
    { title: "no file with that network", code: 7, file: "10.conflist", value: list("b", "x") },
    { title: "a half-written file before it", code: 6, file: "05.conflist", value: '{"name":"a","plug' },
    { title: "an empty file before it", code: 6, file: "05.conflist", value: "" },
    { title: "a file without a name before it", code: 7, file: "05.conflist", value: { plugins: [{ type: "x" }] } },
    { title: "a list where a plugin is wanted", code: 7, file: "05.conf", value: list("a", "x") },
    { title: "an unknown version", code: 1, file: "05.conflist", value: { ...list("a", "x"), cniVersion: "2.0.0" } },
  ])("fails with code $code: $title", async ({ code, file, value }) => {
    if (file !== undefined) write(file, value);
    const directory = file === undefined ? join(folder, "none") : folder;
    await expect(loadNetworkList(directory, "a")).rejects.toMatchObject({ name: "CniError", code });
  });

  test("what is wrong with another network is not looked at", async () => {
    write("05-b.conflist", { name: "b", cniVersion: "9.9.9", plugins: "none" });
    write("10-a.conflist", list("a", "x"));
    expect(await typesOf("a")).toEqual(["x"]);
  });

  test("a broken file behind it is not read", async () => {
    write("10-a.conflist", list("a", "x"));
    write("20-b.conflist", "{");
    expect(await typesOf("a")).toEqual(["x"]);
  });

  test("a pipe is an error, and nobody waits for it", async () => {
    execFileSync("mkfifo", [join(folder, "10-a.conflist")]);
    await expect(loadNetworkList(folder, "a")).rejects.toMatchObject({ code: 5 });
  });

  test.for(["../a", "a/b", ".", "..", "", "-a", "a\0"])("refuses the name %j before it is a path", async (name) => {
    await expect(loadNetworkList(folder, name)).rejects.toMatchObject({ code: 7 });
  });

  test("a name inside a file is refused before it is a path", async () => {
    const outside = `${folder}-outside`;
    mkdirSync(outside);
    try {
      writeFileSync(join(outside, "10.conf"), '{"type":"evil"}');
      write("10-a.conflist", list(`../${outside.split("/").at(-1) ?? ""}`, "x"));
      const { lists, skipped } = await loadNetworkLists(folder, { rules: "crio" });
      expect(lists).toEqual([]);
      expect(skipped).toMatchObject([{ error: { kind: "invalidNetworkConfig" } }]);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });
});

describe("loadNetworkLists", () => {
  const load = async (
    options: LoadOptions,
  ): Promise<{ names: string[]; first: string | undefined; skipped: string[] }> => {
    const { lists, defaultList, skipped } = await loadNetworkLists(folder, options);
    return {
      names: lists.map(({ name }) => name),
      first: defaultList?.name,
      skipped: skipped.map(({ path, error }) => `${path.slice(folder.length + 1)}: ${error.kind}`),
    };
  };
  const writeThree = (): void => {
    write("10-single.conf", { cniVersion: "0.3.1", name: "single", type: "x" });
    write("20-one.conflist", list("one", "x"));
    write("30-two.conflist", list("two", "x"));
    write("readme.txt", "nothing");
  };

  test("libcni: lists, then single plugins", async () => {
    writeThree();
    expect(await load({})).toEqual({ names: ["one", "two", "single"], first: "one", skipped: [] });
  });

  test("containerd: the first by name, or as many as are asked for", async () => {
    writeThree();
    expect(await load({ rules: "containerd" })).toEqual({ names: ["single"], first: "single", skipped: [] });
    expect(await load({ rules: "containerd", max: 2 })).toMatchObject({ names: ["single", "one"] });
    expect(await load({ rules: "containerd", max: 0 })).toMatchObject({ names: ["single", "one", "two"] });
  });

  test("crio: all by name", async () => {
    writeThree();
    expect(await load({ rules: "crio" })).toEqual({ names: ["single", "one", "two"], first: "single", skipped: [] });
  });

  test.for(["libcni", "containerd"] as const)("%s: one broken file fails the load", async (rules) => {
    writeThree();
    write("05.conflist", "{");
    await expect(load({ rules })).rejects.toMatchObject({ code: 6, message: expect.stringContaining("05.conflist") });
  });

  test("containerd: a broken file behind those that count is not read", async () => {
    writeThree();
    write("15.conflist", "{");
    expect(await load({ rules: "containerd" })).toMatchObject({ names: ["single"] });
  });

  test("crio: broken files are passed over and reported", async () => {
    writeThree();
    write("05.conflist", "{");
    write("06.conf", list("list-as-plugin", "x"));
    write("07.conflist", list("empty"));
    write("08.conflist", list("dropped", "x"));
    write("dropped/10.conf", { name: "no type" });
    expect(await load({ rules: "crio" })).toEqual({
      names: ["single", "one", "two"],
      first: "single",
      skipped: [
        "05.conflist: decodingFailure",
        "06.conf: invalidNetworkConfig",
        "07.conflist: invalidNetworkConfig",
        "08.conflist: invalidNetworkConfig",
      ],
    });
  });

  test.for([
    ["libcni", ["one"]],
    ["crio", ["one"]],
    ["containerd", ["one", "one"]],
  ] as const)("%s: of two lists with the same name: %j", async ([rules, names]) => {
    write("10.conflist", list("one", "x"));
    write("20.conflist", list("one", "y"));
    const { lists, skipped } = await loadNetworkLists(folder, { rules, max: 0 });
    expect(lists.map(({ name }) => name)).toEqual(names);
    expect(lists[0]?.plugins).toMatchObject([{ type: "x" }]);
    expect(skipped.map(({ error }) => error.kind)).toEqual(names.length === 1 ? ["alreadyExists"] : []);
  });

  test.for(["libcni", "containerd", "crio"] as const)("%s: an empty directory has none", async (rules) => {
    expect(await load({ rules })).toEqual({ names: [], first: undefined, skipped: [] });
  });
});
