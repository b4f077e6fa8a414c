import { expect, test } from "vitest";
import { writeResultText } from "../../host/cli/result-text.ts";

test.for([
  {
    title: "keys of a new version are in alphabetical order, at every depth",
    result: { cniVersion: "1.0.0", ips: [{ interface: 0, address: "10.0.0.2/24" }], interfaces: [] },
    text: '{"cniVersion":"1.0.0","interfaces":[],"ips":[{"address":"10.0.0.2/24","interface":0}]}',
  },
  {
    title: "an old version has dns, also where there is none",
    result: { cniVersion: "0.4.0", interfaces: [{ name: "b", mac: "m" }] },
    text: '{"cniVersion":"0.4.0","interfaces":[{"name":"b","mac":"m"}],"dns":{}}',
  },
  {
    title: "dns of an old version comes last",
    result: { cniVersion: "0.2.0", dns: { domain: "a" }, ip4: { ip: "10.0.0.2/24" } },
    text: '{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.2/24"},"dns":{"domain":"a"}}',
  },
  {
    title: "characters that have a meaning in HTML are escaped",
    result: { cniVersion: "1.1.0", note: "<a&b>\u2028" },
    text: String.raw`{"cniVersion":"1.1.0","note":"\u003ca\u0026b\u003e\u2028"}`,
  },
])("$title", ({ result, text }) => {
  const written = writeResultText(result);
  expect(written.replaceAll(/\s/gu, "")).toBe(text);
  expect(written.split("\n")[1]).toMatch(/^ {4}"cniVersion"/u);
});
