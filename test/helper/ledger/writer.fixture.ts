/**
 * @module A helper's stand-in: opens the ledger of a state directory and does what its first argument says.
 */
import { openLedger } from "../../../host/helper/ledger/ledger.ts";
import type { Intent, Ledger, Owner } from "../../../host/helper/ledger/records.ts";
import { openLocks } from "../../../host/helper/locks.ts";
import { watchFaultPoints } from "../../../host/spec/fault-points.ts";
import { parseIpAddress } from "../../../host/spec/ip.ts";

const [mode = "", stateDir = "", argument = ""] = process.argv.slice(2);

/** What names of the ledger's points begin with. */
const LEDGER = "ledger.";

const owner = (containerId: string): Owner => ({
  nodeNetnsCookie: "4711",
  network: "pods",
  containerId,
  ifname: "eth0",
  digest: `sha256:${"a".repeat(64)}`,
});
const intent = (key: string): Intent => ({
  operationId: "op1",
  callId: "op1-1",
  kind: "veth",
  key,
  undo: { name: key },
  description: key,
});
const ranges = [{ first: parseIpAddress("10.0.0.1"), last: parseIpAddress("10.0.3.255") }];

/** Writes what an ADD writes. */
function add(ledger: Ledger): void {
  const { network, containerId, ifname } = owner("c1");
  ledger.openOperation({
    ...owner("c1"),
    id: "op1",
    verb: "ADD",
    startedAtMs: 1,
    origin: "test",
    helperPid: process.pid,
    within: "",
  });
  const { row } = ledger.shared.share(owner("c1"), {
    operationId: "op1",
    kind: "bridge",
    key: "cni0",
    undo: {},
    description: "",
  });
  ledger.shared.ready(row.id);
  ledger.done(ledger.intent(owner("c1"), intent("veth1")));
  ledger.leases.reserveNext(owner("c1"), { operationId: "op1", setIndex: 0, ranges, excluded: [] });
  ledger.done(ledger.intent(owner("c1"), intent("veth2")));
  ledger.flush();
  const texts = { netns: "", cniVersion: "1.1.0", configuration: "{}", runtimeConfig: "{}", result: "{}" };
  const record = {
    network,
    containerId,
    ifname,
    scope: "",
    ...texts,
    args: [],
    digests: {},
    legacy: [],
    createdAtMs: 1,
  };
  ledger.attachments.put(record, "op1");
  ledger.closeOperation("op1");
}

/** Takes and gives back addresses and a bridge, many times. */
function contend(ledger: Ledger): string[] {
  const kept: string[] = [];
  for (let count = 0; count < 100; count++) {
    const container = owner(`${argument}-${count}`);
    const outcome = ledger.leases.reserveNext(container, { operationId: argument, setIndex: 0, ranges, excluded: [] });
    if ("reserved" in outcome) kept.push(JSON.stringify(outcome.reserved.val));
    ledger.done(ledger.intent(container, { ...intent(`veth-${argument}-${count}`), operationId: argument }));
    ledger.audit({
      network: "pods",
      containerId: container.containerId,
      ifname: "eth0",
      operationId: argument,
      event: "add",
      data: {},
    });
    ledger.flush();
  }
  return kept;
}

if (mode === "add") {
  // Asynchronous kernels are not waited for: SIGKILL to oneself ends the process before the call returns.
  const watch = (point: string): void => {
    if (point === argument.split("#")[0] && ++reached === Number(argument.split("#")[1]))
      process.kill(process.pid, "SIGKILL");
  };
  let reached = 0;
  const lock = openLocks(stateDir).operation("op1");
  if (lock === undefined) throw new Error("op1 is locked");
  const points: string[] = [];
  const ledger = openLedger({
    stateDir,
    nodeNetnsCookie: "4711",
    now: () => 1,
  });
  watchFaultPoints((name) => {
    if (!name.startsWith(LEDGER)) return;
    const point = name.slice(LEDGER.length);
    points.push(point);
    watch(point);
  });
  add(ledger);
  ledger.close();
  process.stdout.write(JSON.stringify(points));
}
if (mode === "contend") {
  using ledger = openLedger({ stateDir, nodeNetnsCookie: "4711", now: () => 1 });
  process.stdout.write(JSON.stringify(contend(ledger)));
}
