import { expect, test } from "vitest";
import { formatLog } from "../../host/cli/log-lines.ts";
import type { AuditRow } from "../../host/index.ts";

const PLAIN = { isColoured: false } as never;

function row(event: string, data: object): AuditRow {
  return {
    sequence: 1,
    timeMs: 0,
    operationId: "0f0e0d0c-0000-4000-8000-000000000000",
    callId: undefined,
    event,
    network: "net",
    containerId: "web",
    ifname: "eth0",
    data: JSON.stringify(data),
    hash: "",
  };
}

test("says what began, what each plugin did, and how it ended", () => {
  const lines = formatLog(
    [
      row("begin", { verb: "ADD", origin: "shim", netns: "/run/netns/web", types: ["bridge", "host-local"] }),
      row("call", {
        type: "bridge",
        outcome: "error",
        error: { code: 101, message: "cannot masquerade" },
        addresses: [],
        operations: [{ operation: "masquerade.set", outcome: "refused", microseconds: 1234 }],
        refusals: ['a grant of "masquerade" would allow it'],
        log: [{ level: "warn", message: "odd" }],
      }),
      row("end", { verb: "ADD", outcome: "error", failures: [] }),
    ],
    PLAIN,
  );
  const said = lines.join("\n");
  for (const part of [
    "ADD by shim: bridge + host-local, /run/netns/web",
    "bridge error: cannot masquerade (code 101)",
    "masquerade.set refused 1.23 ms",
    'refused: a grant of "masquerade" would allow it',
    "warn: odd",
    "ADD error",
  ])
    expect(said).toContain(part);
});

test("shows a record that it does not know as it is", () => {
  expect(formatLog([row("breach", { why: "a frame" })], PLAIN).join("\n")).toContain('breach: {"why":"a frame"}');
});

test("says so when there is nothing", () => {
  expect(formatLog([], PLAIN)).toEqual(["(nothing is on record)"]);
});

test("says of an executable where it is, that nothing confines it, and what it wrote", () => {
  const called = { type: "dhcp", path: "/opt/cni/bin/dhcp", verb: "ADD", isolation: "unconfined" };
  const error = { code: 999, message: "no daemon" };
  const lines = formatLog(
    [
      row("legacy-call", { ...called, outcome: "begun" }),
      row("legacy-call", { ...called, outcome: "ok", addresses: ["10.0.0.2/24"], microseconds: 1 }),
      row("legacy-call", { ...called, outcome: "error", addresses: [], error, stderr: "why" }),
    ],
    PLAIN,
  );
  const said = lines.join("\n");
  for (const part of [
    "dhcp ADD by /opt/cni/bin/dhcp, unconfined, begun",
    "unconfined, ok, gave 10.0.0.2/24",
    "unconfined, error: no daemon (code 999)",
    "stderr: why",
  ])
    expect(said).toContain(part);
});
