import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allowLegacy, denyLegacy } from "../../host/components/legacy.ts";

let stateDir = "";
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

describe("an allowance of executables", () => {
  test("is a file that root alone reads, in a folder of its own", async () => {
    await allowLegacy(stateDir, "dhcp", 7);
    const path = join(stateDir, "legacy", "dhcp.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ type: "dhcp", allowedAtMs: 7 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(stateDir, "legacy")).mode & 0o777).toBe(0o700);
  });

  test("stays what it is when it is given again, and goes when it is taken back", async () => {
    await allowLegacy(stateDir, "dhcp", 7);
    await allowLegacy(stateDir, "dhcp", 8);
    expect(readFileSync(join(stateDir, "legacy", "dhcp.json"), "utf8")).toContain("7");
    await denyLegacy(stateDir, "dhcp");
    expect(readdirSync(join(stateDir, "legacy"))).toEqual([]);
    await expect(denyLegacy(stateDir, "dhcp")).rejects.toMatchObject({ kind: "unknownPlugin" });
  });

  test.for(["", "../types/bridge", "a/b", ".", "..", "a b"])("is refused for %j, which is no type", async (type) => {
    await expect(allowLegacy(stateDir, type, 7)).rejects.toMatchObject({ kind: "invalidNetworkConfig" });
    await expect(denyLegacy(stateDir, type)).rejects.toMatchObject({ kind: "invalidNetworkConfig" });
  });
});
