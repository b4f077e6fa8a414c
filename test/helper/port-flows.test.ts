import { expect, test } from "vitest";
import { flowsThrough, flowsTo } from "../../host/helper/port-flows.ts";
import { OPERATIONS } from "../../host/helper/operations/index.ts";
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";

const FROM = { family: "ipv4", protocol: "udp", port: 53, address: undefined } as const;
const answerer = parseIpAddress("10.1.0.2");

test("a port that is withdrawn lets go of the flows that its container answers, and asks the kernel about none", () => {
  const { isMeant } = flowsThrough({ from: FROM, containerAddress: parseIpPrefix("10.1.0.2/24"), containerPort: 53 });
  const destination = parseIpAddress("192.0.2.1");
  expect(isMeant({ destination, answerer })).toBe(true);
  expect(isMeant({ destination, answerer: destination })).toBe(false);
});

test("whoever sends to very many destinations does not have the kernel asked about each", () => {
  let asked = 0;
  const lookUpRoute = (): { local: boolean; linkIndex: number } => {
    asked += 1;
    return { local: false, linkIndex: 1 };
  };
  const { isMeant } = flowsTo({ rtnetlink: { lookUpRoute } as never }, FROM);
  for (let last = 0; last < 10_000; last += 1) {
    const destination = parseIpAddress(`10.7.${last >> 8}.${last & 255}`);
    expect(isMeant({ destination, answerer: destination })).toBe(false);
  }
  expect(asked).toBe(4096);
});

test.for(["host-ports.list", "host-ports.occupied"])(
  "%s, which looks at every port, is asked a few times only",
  (name) => {
    expect(OPERATIONS[name]?.operation.maxCalls).toBe(16);
  },
);
