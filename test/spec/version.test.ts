import { describe, expect, test } from "vitest";
import {
  SUPPORTED_VERSIONS,
  compareVersions,
  isAtLeast,
  selectVersion,
  versionResult,
} from "../../host/spec/version.ts";

describe("selectVersion", () => {
  test.for([
    { title: "a version alone", cniVersion: "0.4.0", cniVersions: [], selected: "0.4.0" },
    {
      title: "the newest of several",
      cniVersion: "0.4.0",
      cniVersions: ["1.0.0", "1.1.0", "0.3.1"],
      selected: "1.1.0",
    },
    { title: "cniVersion when it is the newest", cniVersion: "1.1.0", cniVersions: ["1.0.0"], selected: "1.1.0" },
    {
      title: "what is too new is passed over",
      cniVersion: "1.0.0",
      cniVersions: ["2.0.0", "1.1.0"],
      selected: "1.1.0",
    },
    { title: "only too new ones: cniVersion stays", cniVersion: "1.0.0", cniVersions: ["9.0.0"], selected: "1.0.0" },
    { title: "ten is more than nine", cniVersion: "0.3.1", cniVersions: ["0.4.0"], selected: "0.4.0" },
    { title: "the oldest alone", cniVersion: "0.1.0", cniVersions: [], selected: "0.1.0" },
    {
      title: "too new itself: the newest of the others",
      cniVersion: "9.0.0",
      cniVersions: ["0.2.0"],
      selected: "0.2.0",
    },
    { title: "two parts among others are passed over", cniVersion: "1.0.0", cniVersions: ["1.1"], selected: "1.0.0" },
    { title: "two parts beside three", cniVersion: "1.0.0", cniVersions: ["1.1.0", "1.1"], selected: "1.1.0" },
    { title: "a version that never was", cniVersion: "0.3.1", cniVersions: ["0.5.0"], selected: "0.3.1" },
  ])("$title", ({ cniVersion, cniVersions, selected }) => {
    expect(selectVersion(cniVersion, cniVersions)).toBe(selected);
  });

  test.for([
    { title: "too new, alone", cniVersion: "2.0.0", cniVersions: [] },
    { title: "too new, all of them", cniVersion: "2.0.0", cniVersions: ["3.0.0"] },
    { title: "one that never was", cniVersion: "0.5.0", cniVersions: [] },
    { title: "two parts are not three", cniVersion: "1.1", cniVersions: [] },
    { title: "a letter", cniVersion: "v1.1.0", cniVersions: [] },
    { title: "a pre-release", cniVersion: "1.1.0-dev", cniVersions: [] },
    { title: "nothing", cniVersion: "", cniVersions: [] },
  ])("code 1: $title", ({ cniVersion, cniVersions }) => {
    expect(() => selectVersion(cniVersion, cniVersions)).toThrow(
      expect.objectContaining({
        code: 1,
        details: "supported versions: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0",
      }),
    );
  });

  test.for(SUPPORTED_VERSIONS)("%s is selected where it is alone", (version) => {
    expect(selectVersion(version, [])).toBe(version);
  });

  test("a malformed cniVersion beside others is code 7", () => {
    expect(() => selectVersion("v1.1.0", ["1.0.0"])).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
  });

  test.for(["v1.0.0", "1.0.0-dev", "", "1.0.0.0", "x"])("a malformed entry %j is code 7", (entry) => {
    expect(() => selectVersion("1.0.0", [entry])).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
  });
});

test("versions are ordered by number, part by part", () => {
  expect(compareVersions("0.10.0", "0.9.0")).toBeGreaterThan(0);
  expect(compareVersions("1.0", "1.0.0")).toBe(0);
  expect(isAtLeast("0.4.0", "0.4.0")).toBe(true);
  expect(isAtLeast("0.3.1", "0.4.0")).toBe(false);
  expect(isAtLeast("nonsense", "0.1.0")).toBe(false);
});

test("the answer to VERSION echoes what was asked, where it is a version", () => {
  expect(versionResult("0.4.0").cniVersion).toBe("0.4.0");
  expect(versionResult("dummy").cniVersion).toBe("1.1.0");
  expect(versionResult(undefined, ["1.0.0"])).toEqual({ cniVersion: "1.1.0", supportedVersions: ["1.0.0"] });
});
