import { expect, test } from "vitest";
import { legacyEnvironment } from "../../../host/operations/legacy/environment.ts";

const INVOCATION = {
  operationId: "op-1",
  containerId: "c1",
  netns: "/run/netns/x",
  ifname: "eth0",
  args: [
    ["IgnoreUnknown", "1"],
    ["K8S_POD_NAME", "p"],
  ],
  pluginDirs: ["/a", "/b"],
  trace: {},
  netnsOverride: false,
} as const;

const PROTOCOL = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/x",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=p",
  CNI_PATH: "/a:/b",
  CNIDARIA_WITHIN: "op-1",
};

test("has CNI's variables, the operation, and a fixed PATH", () => {
  expect(legacyEnvironment(INVOCATION, "ADD")).toEqual(PROTOCOL);
});

test("has the trace context and the override where they are given, and nothing else of what is", () => {
  const trace = { TRACEPARENT: "00-1-2-01", TRACESTATE: "", BAGGAGE: "a=b", LD_PRELOAD: "/x.so", CNI_COMMAND: "DEL" };
  expect(legacyEnvironment({ ...INVOCATION, trace, netnsOverride: true }, "ADD")).toEqual({
    ...PROTOCOL,
    CNI_NETNS_OVERRIDE: "1",
    TRACEPARENT: "00-1-2-01",
    BAGGAGE: "a=b",
  });
});
