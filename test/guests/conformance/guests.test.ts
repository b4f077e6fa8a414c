import { describe, expect, test } from "vitest";

import { FREE_INTERFACES } from "../../../host/components/verify.ts";
import { readManifest } from "./granted-imports.ts";
import { loadGuest, openInProcess } from "./in-process-driver.ts";
import { describePluginContract } from "./plugin-contract.ts";
import { SUBJECTS } from "./subjects.ts";

for (const subject of SUBJECTS)
  describePluginContract({ ...subject, open: () => openInProcess(subject.types, subject) });

describe("what a guest imports is what its manifest asks for", () => {
  test.for(["loopback", "bandwidth", "bridge", "firewall", "host-local", "portmap", "ptp", "sbr", "static", "tuning"])(
    "%s",
    async (type) => {
      const manifest = await readManifest(type);
      const { imports } = await loadGuest(type);
      const interfaces = imports.map((name) => name.replace(/^cnidaria:plugin\//u, "").replace(/@.*$/u, ""));
      const capabilities = interfaces.filter((name) => !FREE_INTERFACES.includes(name));
      expect(capabilities.toSorted()).toEqual(Object.keys(manifest.capabilities).toSorted());
      expect(manifest.type).toBe(type);
    },
  );
});
