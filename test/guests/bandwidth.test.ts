import { describe, expect, test } from "vitest";

import type { AttachmentResult, LinkInfo, Request } from "cnidaria:plugin/types@0.1.0";

import { type BandwidthImports, createBandwidth } from "../../guests/bandwidth/bandwidth.ts";
import { type Call, failing, failureOf, record } from "./fakes.ts";
import { requestOf, runtimeConfigOf } from "./requests.ts";

const RESULT: AttachmentResult = {
  interfaces: [{ name: "cni0" }, { name: "veth1" }, { name: "eth0", sandbox: "/var/run/netns/one" }],
  ips: [],
  routes: [],
};
const LINK = { name: "veth1", index: 7, kind: "veth", mtuBytes: 1500 } as LinkInfo;
const IFB = { ...LINK, name: "bwp0", kind: "ifb", mac: [2, 0, 0, 0, 0, 1] } as LinkInfo;
const INGRESS = { ingressRate: 8_000_000, ingressBurst: 800_000 };
const EGRESS = { egressRate: 4_000_000, egressBurst: 400_000 };
const RATES = {
  ingress: { bitsPerSecond: "8000000", burstBits: "800000" },
  egress: { bitsPerSecond: "4000000", burstBits: "400000" },
};

function bandwidthWith(changes: Partial<BandwidthImports["shaping"]> = {}) {
  const calls: Call[] = [];
  const imports = {
    shaping: { find: () => LINK, set: () => IFB, get: () => RATES, remove: () => undefined, ...changes },
    log: { write: () => undefined },
  };
  return { calls, plugin: createBandwidth(record(imports, calls) as unknown as BandwidthImports) };
}

const request = (configuration: object, previousResult: AttachmentResult | null = RESULT): Request =>
  requestOf(configuration, previousResult === null ? {} : { previousResult });

describe("ADD", () => {
  test("limits both directions, and adds the ifb link to the result", () => {
    const { calls, plugin } = bandwidthWith();
    const result = plugin.add(request({ ...INGRESS, ...EGRESS }));
    expect(calls).toEqual([["shaping.find"], ["shaping.set", "veth1", RATES]]);
    expect(result.interfaces).toEqual([...RESULT.interfaces, { name: "bwp0", mac: [2, 0, 0, 0, 0, 1] }]);
  });

  test("of one direction gives the result as it was", () => {
    const { calls, plugin } = bandwidthWith({ set: () => undefined });
    expect(plugin.add(request(INGRESS))).toEqual(RESULT);
    expect(calls.at(-1)).toEqual(["shaping.set", "veth1", { ingress: RATES.ingress, egress: undefined }]);
  });

  test("of nothing asks for nothing", () => {
    const { calls, plugin } = bandwidthWith();
    expect(plugin.add(request({ ingressRate: 0, ingressBurst: 0 }))).toEqual(RESULT);
    expect(calls).toEqual([]);
  });

  test.for([
    { title: "the runtime's rates where there are no others", configuration: {}, rate: "12" },
    { title: "its own rates before the runtime's", configuration: INGRESS, rate: "8000000" },
    { title: "none where its own say so", configuration: { ingressRate: 0 }, rate: undefined },
  ])("takes $title", ({ configuration, rate }) => {
    const { calls, plugin } = bandwidthWith();
    const bandwidth = { ingressRateBitsPerSecond: "12", ingressBurstBits: "12" };
    plugin.add({ ...request(configuration), runtimeConfig: runtimeConfigOf({ bandwidth }) });
    const [, , rates] = calls.find(([name]) => name === "shaping.set") ?? [];
    expect((rates as typeof RATES | undefined)?.ingress.bitsPerSecond).toBe(rate);
  });

  test("warns of a burst that lets no whole packet through, and keeps it", () => {
    const { calls, plugin } = bandwidthWith();
    plugin.add(request({ ingressRate: 8, ingressBurst: 8 * 1513 }));
    expect(calls[1]).toEqual(["log.write", "warn", expect.stringContaining("want 12112 or more")]);
    expect(calls.at(-1)?.[0]).toBe("shaping.set");
  });

  test.for([
    { what: "a burst without a rate", configuration: { ingressBurst: 8 }, code: 7, text: "ingressRate" },
    { what: "a rate without a burst", configuration: { egressRate: 8 }, code: 7, text: "egressBurst" },
    {
      what: "a burst of 4 GiB",
      configuration: { ingressRate: 8, ingressBurst: 2 ** 35 },
      code: 7,
      text: "ingressBurst",
    },
    { what: "a negative rate", configuration: { ingressRate: -1 }, code: 7, text: "ingressRate" },
    { what: "a rate as text", configuration: { ingressRate: "8" }, code: 6, text: "ingressRate" },
    { what: "subnets", configuration: { shapedSubnets: ["10.0.0.0/8"] }, code: 2, text: "shapedSubnets" },
    {
      what: "subnets of the runtime's",
      configuration: { runtimeConfig: { bandwidth: { unshapedSubnets: ["10.0.0.0/8"] } } },
      code: 2,
      text: "runtimeConfig.bandwidth.unshapedSubnets",
    },
  ])("refuses $what", ({ configuration, code, text }) => {
    const { calls, plugin } = bandwidthWith();
    const failure = failureOf(() => plugin.add(request(configuration)));
    expect(failure).toMatchObject({ code, message: expect.stringContaining(text) as unknown });
    expect(calls).toEqual([]);
  });

  test.for([
    { what: "without a result", previousResult: null, code: 7 },
    { what: "with a result that names no link", previousResult: { ...RESULT, interfaces: [] }, code: 7 },
    {
      what: "with a result that has the link in the container",
      previousResult: { ...RESULT, interfaces: [{ name: "veth1", sandbox: "/var/run/netns/one" }] },
      code: 7,
    },
  ])("$what sets no rate", ({ previousResult, code }) => {
    const { calls, plugin } = bandwidthWith();
    expect(failureOf(() => plugin.add(request(INGRESS, previousResult))).code).toBe(code);
    expect(calls.map(([name]) => name)).not.toContain("shaping.set");
  });

  test.for([
    { answer: "conflict", code: 109 },
    { answer: "unsupported", code: 107 },
    { answer: "not-permitted", code: 101 },
    { answer: "invalid-argument", code: 7 },
  ])("reports $answer with code $code", ({ answer, code }) => {
    const { plugin } = bandwidthWith({ set: failing(answer) });
    expect(failureOf(() => plugin.add(request(INGRESS))).code).toBe(code);
  });
});

describe("CHECK", () => {
  test("passes the rates that are there", () => {
    const { plugin } = bandwidthWith();
    expect(() => plugin.check(request({ ...INGRESS, ...EGRESS }))).not.toThrow();
  });

  test.for([
    { what: "a direction without a limit", found: { ingress: RATES.ingress }, text: "egress is not limited" },
    {
      what: "another rate",
      found: { ...RATES, ingress: { ...RATES.ingress, bitsPerSecond: "1" } },
      text: "ingress is 1 bit/s",
    },
    {
      what: "another burst",
      found: { ...RATES, egress: { ...RATES.egress, burstBits: "1" } },
      text: "want 4000000 bit/s with a burst of 400000 bits",
    },
  ])("finds $what", ({ found, text }) => {
    const { plugin } = bandwidthWith({ get: () => found });
    const failure = failureOf(() => plugin.check(request({ ...INGRESS, ...EGRESS })));
    expect(failure).toMatchObject({ code: 999, message: expect.stringContaining(text) as unknown });
  });

  test("asks for nothing where nothing is limited", () => {
    const { calls, plugin } = bandwidthWith();
    plugin.check(request({}, null));
    expect(calls).toEqual([]);
  });
});

test("DEL removes whatever there is, also with a configuration that would be refused, and without a result", () => {
  const { calls, plugin } = bandwidthWith();
  plugin.del(request({ ingressRate: "nonsense" }, null));
  expect(calls).toEqual([["shaping.remove"]]);
});
