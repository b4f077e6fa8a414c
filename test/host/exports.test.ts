import { expect, test } from "vitest";
import * as door from "../../host/index.ts";

test("the public names are these", () => {
  expect(Object.keys(door).sort()).toEqual([
    "CniError",
    "ERROR_CODES",
    "SUPPORTED_VERSIONS",
    "convertResult",
    "createHost",
    "isCniError",
    "loadNetworkFile",
    "loadNetworkList",
    "loadNetworkLists",
    "parseNetworkList",
  ]);
});

test("a host refuses a state directory that is not absolute, and bundles that are not there", async () => {
  await expect(door.createHost({ stateDir: "state" })).rejects.toMatchObject({ kind: "stateUnusable" });
  await expect(door.createHost({ stateDir: "/s", bundleDir: "/nowhere" })).rejects.toMatchObject({
    kind: "missingFeature",
  });
});
