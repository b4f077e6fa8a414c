import { describe, expect, test } from "vitest";
import { legacyStdin } from "../../../host/operations/legacy/request.ts";
import { parseNetworkConfiguration } from "../../../host/spec/configuration.ts";
import { formatValidAttachments } from "../../../host/spec/valid-attachments.ts";
import { parseResult } from "../../../host/spec/result-json.ts";

const networkOf = (plugin: object, list: object = {}) =>
  parseNetworkConfiguration(
    JSON.stringify({ cniVersion: "0.4.0", cniVersions: ["1.0.0"], name: "net", plugins: [plugin], ...list }),
  );
const stdinOf = (plugin: object, change: object = {}, list: object = {}) => {
  const network = networkOf(plugin, list);
  const [configuration] = network.plugins;
  if (configuration === undefined) throw new Error("no plugin");
  return legacyStdin(network, { configuration, ...change });
};

describe("what an executable reads", () => {
  test("is the operator's object with the network's name and the selected version", () => {
    expect(stdinOf({ type: "old", name: "x", cniVersion: "0.1.0", unknown: { a: 1 } })).toEqual({
      cniVersion: "1.0.0",
      name: "net",
      type: "old",
      unknown: { a: 1 },
    });
  });

  test("has the capability arguments that it declares, and neither the declaration nor foreign keys of the protocol", () => {
    const plugin = { type: "old", capabilities: { portMappings: true, ips: false }, "cni.dev/x": 1 };
    const runtimeConfig = { portMappings: [{ hostPort: 1 }], ips: ["10.0.0.1"], mac: "x" };
    expect(stdinOf(plugin, { runtimeConfig })).toEqual({
      cniVersion: "1.0.0",
      name: "net",
      type: "old",
      runtimeConfig: { portMappings: [{ hostPort: 1 }] },
    });
  });

  test("has the previous result in the selected version, whatever version it came in", () => {
    const previousResult = parseResult({ cniVersion: "1.1.0", ips: [{ address: "10.1.0.2/24" }] }, "1.1.0").result;
    const list = { cniVersion: "0.3.1", cniVersions: [] };
    expect(stdinOf({ type: "old" }, { previousResult }, list)).toMatchObject({
      prevResult: { cniVersion: "0.3.1", ips: [{ version: "4", address: "10.1.0.2/24" }] },
    });
    expect(stdinOf({ type: "old", prevResult: { cniVersion: "0.3.1" } })).not.toHaveProperty("prevResult");
  });

  test("has both spellings of the valid attachments where they are given", () => {
    const extra = formatValidAttachments([{ containerId: "c1", ifname: "eth0" }]);
    const list = [{ containerID: "c1", ifname: "eth0" }];
    expect(stdinOf({ type: "old", "cni.dev/attachments": [] }, { extra })).toMatchObject({
      "cni.dev/valid-attachments": list,
      "cni.dev/attachments": list,
    });
  });
});
