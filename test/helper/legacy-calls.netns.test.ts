import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { allowLegacy, denyLegacy } from "../../host/components/legacy.ts";
import type { RecordLegacyCall } from "../../host/helper/protocol.ts";
import { beginParameters, startBench } from "./support/bench.ts";
import type { Bench } from "./support/bench.ts";
import { CAPABILITIES, testNamespace } from "./support/cases.ts";
import { startTestHelper, startTestSandbox } from "./support/helper.ts";
import { installTestPlugin } from "./support/plugin.ts";

const legacyCall = (operationId: string, change: Partial<RecordLegacyCall> = {}): RecordLegacyCall => ({
  operationId,
  parentCallId: undefined,
  type: "old",
  path: "/opt/cni/bin/old",
  verb: "ADD",
  outcome: "begun",
  addresses: [],
  error: undefined,
  stderr: "",
  microseconds: 0,
  ...change,
});

/** Begins an ADD of some types, or another verb. */
const begin = async ({ helper, container }: Bench, change: Parameters<typeof beginParameters>[0] = {}) => {
  const parameters = beginParameters({ netns: container.path, types: ["old", "bridge"], ...change });
  const begun = await helper.request("begin-operation", parameters);
  return { id: parameters.operationId, begun };
};
const end = ({ helper }: Bench, operationId: string, outcome: "ok" | "error" = "ok") =>
  helper.request("end-operation", { operationId, outcome, result: "{}", phasesMicroseconds: {} });

test("a type is legacy when it is allowed and nothing of that type is installed", async () => {
  const bench = await startBench();
  for (const type of ["old", "bridge"]) await allowLegacy(bench.stateDir, type, 7);
  const { id, begun } = await begin(bench, { types: ["old", "bridge", "absent"] });
  expect(begun.legacy).toEqual(["old"]);
  expect(begun.plugins).toMatchObject({ old: null, bridge: { type: "bridge" }, absent: null });
  await end(bench, id);
  expect((await bench.helper.request("list-legacy", {})).types).toEqual([
    { type: "bridge", isolation: "unconfined", allowedAtMs: 7, isShadowed: true },
    { type: "old", isolation: "unconfined", allowedAtMs: 7, isShadowed: false },
  ]);
});

test("a call is on record before it is made, with all that is known of it afterwards", async () => {
  const bench = await startBench();
  await allowLegacy(bench.stateDir, "old", 7);
  const { id } = await begin(bench);
  await bench.helper.request("record-legacy-call", legacyCall(id));
  // A second helper sees what is in the database.
  const other = await startTestHelper({ stateDir: bench.stateDir, nodePath: testNamespace().path });
  const seen = (await other.request("read-log", { operationId: id })).rows.filter(
    ({ event }) => event === "legacy-call",
  );
  expect(seen.map(({ data }) => JSON.parse(data) as unknown)).toEqual([
    { type: "old", path: "/opt/cni/bin/old", verb: "ADD", isolation: "unconfined", outcome: "begun" },
  ]);
  const failed = { outcome: "error", error: { code: 7, message: "no" }, stderr: "why", microseconds: 9 } as const;
  await bench.helper.request("record-legacy-call", legacyCall(id, failed));
  await end(bench, id, "error");
  const { rows } = await bench.helper.request("read-log", { operationId: id });
  expect(rows.map(({ event }) => event)).toEqual(["begin", "legacy-call", "legacy-call", "end"]);
  expect(JSON.parse(rows[2]?.data ?? "")).toMatchObject({ outcome: "error", error: { code: 7 }, stderr: "why" });
});

test("refuses a type that is not allowed, one that has a component, and an operation that is not open", async () => {
  const bench = await startBench();
  await allowLegacy(bench.stateDir, "bridge", 7);
  const { id } = await begin(bench);
  for (const type of ["old", "bridge", "toString"]) {
    await expect(bench.helper.request("record-legacy-call", legacyCall(id, { type }))).rejects.toMatchObject({
      kind: "notPermitted",
    });
  }
  await expect(bench.helper.request("record-legacy-call", legacyCall(randomUUID()))).rejects.toMatchObject({
    kind: "helperFailed",
  });
});

test("an attachment remembers which executables made it: its DEL needs them, whatever is installed since", async () => {
  const bench = await startBench();
  for (const type of ["old", "unused"]) await allowLegacy(bench.stateDir, type, 7);
  const added = await begin(bench, { types: ["old", "unused"] });
  await bench.helper.request("record-legacy-call", legacyCall(added.id));
  await end(bench, added.id);
  installTestPlugin(bench.stateDir, { type: "old", capabilities: CAPABILITIES });
  const deleted = await begin(bench, { verb: "DEL" });
  expect(deleted.begun).toMatchObject({ plugins: { old: null }, legacy: ["old"], attachment: { legacy: ["old"] } });
  await end(bench, deleted.id, "error");
  await denyLegacy(bench.stateDir, "old");
  const denied = await begin(bench, { verb: "DEL" });
  expect(denied.begun).toMatchObject({ plugins: { old: null }, legacy: [], attachment: { legacy: ["old"] } });
  await end(bench, denied.id);
  const again = await begin(bench);
  expect(again.begun).toMatchObject({ plugins: { old: { type: "old" } }, legacy: [], attachment: null });
  await end(bench, again.id);
});

test("the addresses of a legacy IPAM plugin are what the component that asked may use", async () => {
  const bench = await startBench();
  await allowLegacy(bench.stateDir, "ipam", 7);
  await allowLegacy(bench.stateDir, "old", 7);
  const sandbox = await startTestSandbox(bench.helper, bench.digest);
  const { id } = await begin(bench, { types: ["bridge", "ipam", "old"] });
  const callId = randomUUID();
  const configuration = JSON.stringify({ name: "net1", type: "bridge", bridge: "cni0" });
  const containerHandle = 77;
  await bench.helper.request("begin-call", {
    operationId: id,
    callId,
    sandboxId: sandbox.id,
    type: "bridge",
    digest: bench.digest,
    export: "attachment",
    containerHandle,
    configuration,
    runtimeConfig: "{}",
    previousResult: undefined,
    parentCallId: undefined,
  });
  const veth = { ifname: "eth0", duplicateAddressDetection: "off", announce: true };
  await sandbox.ask("node-links.ensure-bridge", { name: "cni0", vlanFiltering: false, promiscuous: false });
  await sandbox.ask("container-links.create-veth", containerHandle, {
    ...veth,
    port: { bridge: "cni0", hairpin: false, isolated: false },
  });
  const address = { address: { tag: "ipv4", val: [10, 9, 0, 5] }, prefixLength: 24 };
  const addAddress = () => sandbox.ask("container-addresses.add", containerHandle, "eth0", [address]);
  expect(await addAddress()).toHaveProperty("err");
  const asked = { parentCallId: callId, type: "ipam", outcome: "ok", addresses: ["10.9.0.5/24"] } as const;
  // Its grant names the type `ipam`, not `old`.
  await expect(
    bench.helper.request("record-legacy-call", legacyCall(id, { ...asked, type: "old" })),
  ).rejects.toMatchObject({
    kind: "notPermitted",
  });
  expect(await addAddress()).toHaveProperty("err");
  await bench.helper.request("record-legacy-call", legacyCall(id, asked));
  expect(await addAddress()).not.toHaveProperty("err");
  await bench.helper.request("end-call", {
    callId,
    outcome: "ok",
    addresses: [],
    error: undefined,
    log: [],
    phasesMicroseconds: {},
    isUnhurried: false,
  });
  await end(bench, id, "error");
});
