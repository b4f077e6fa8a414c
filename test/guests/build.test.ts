import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { MANIFEST_SECTION, buildGuest, listGuests } from "../../guests/build.ts";
import { withCustomSection } from "../../guests/wasm-bytes.ts";
import { buildFixture } from "./fixtures/build.ts";
import { loadComponent } from "./instantiate.ts";
import { readChecksum } from "../../host/components/checksum.ts";

const GUESTS = path.join(import.meta.dirname, "..", "..", "guests");
const FIXTURES = path.join(import.meta.dirname, "fixtures");
const HOSTILE = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "wasi")
  .map((entry) => entry.name);

/** Runs with a directory that is removed afterwards. */
async function withDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "cnidaria-build-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("building a guest", { timeout: 60_000 }, () => {
  test("gives the same bytes twice", async () => {
    await withDirectory(async (directory) => {
      const files = ["first.wasm", "second.wasm"].map((name) => path.join(directory, name));
      for (const file of files)
        expect(await buildGuest(path.join(FIXTURES, "sdk"), file)).toMatchObject({ built: true });
      const [first, second] = await Promise.all(files.map((file) => readFile(file)));
      expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
    });
  });

  test("leaves a file alone that is up to date", async () => {
    await withDirectory(async (directory) => {
      const file = path.join(directory, "no-op.wasm");
      expect(await buildGuest(path.join(FIXTURES, "no-op"), file)).toMatchObject({ built: true });
      expect(await buildGuest(path.join(FIXTURES, "no-op"), file)).toMatchObject({ built: false });
    });
  });

  test("puts the text of grants.json near the end, as a custom section, and a checksum that an installation knows last", async () => {
    const manifest = await readFile(path.join(FIXTURES, "no-op", "grants.json"));
    const component = Buffer.from(await buildFixture("no-op"));
    const section = withCustomSection(Buffer.alloc(0), MANIFEST_SECTION, manifest);
    const end = component.byteLength - CHECKSUM_SECTION_BYTES;
    expect(component.subarray(end - section.byteLength, end).equals(section)).toBe(true);
    expect(readChecksum(component)).toBe("matches");
  });

  test("refuses a directory without a manifest", async () => {
    await expect(buildGuest(GUESTS, "/nonexistent/out.wasm")).rejects.toThrow(/ENOENT/u);
  });
});

/** Bytes of the section with the checksum. Source: host/components/checksum.ts. */
const CHECKSUM_SECTION_BYTES = 50;

describe("a component's only imports are ours", { timeout: 120_000 }, () => {
  test.for(HOSTILE)("fixture %s", async (name) => {
    const { imports } = await loadComponent(await buildFixture(name));
    expect(imports.filter((each) => !each.startsWith("cnidaria:plugin/"))).toEqual([]);
  });

  test("bundled guests", async () => {
    for (const type of await listGuests()) {
      // The file that ships: made anew where it is not up to date.
      const file = path.join(GUESTS, "..", "dist", "guests", `${type}.wasm`);
      await buildGuest(path.join(GUESTS, type), file);
      const { imports } = await loadComponent(await readFile(file));
      expect(
        imports.filter((each) => !each.startsWith("cnidaria:plugin/")),
        type,
      ).toEqual([]);
    }
  });
});
