/**
 * @module The demo: two containers on a network, what happened, a refusal, and nothing left. `npm run demo` builds first.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createHost, isCniError } from "../index.ts";
import type { Difference, Host } from "../index.ts";
import { isJsonArray, isJsonObject, withoutKeys } from "../spec/json.ts";
import type { JsonObject } from "../spec/json.ts";
import { BRIDGE, BRIDGE_NETWORK, GATEWAY, NETWORK } from "./network.ts";
import { ensurePrerequisites } from "./prerequisites.ts";
import { createPrinter, formatTimeline } from "./printing.ts";
import type { Printer } from "./printing.ts";
import { ask, startService } from "./service.ts";
import { hasReference, timeHost, timeReference, tryInstallReference } from "./reference.ts";
import { INSIDE, createContainer, deleteContainer, leftovers, ping, prepareNode, run, runInside } from "./stage.ts";
import type { Container } from "./stage.ts";

const STEPS = 11;
/** What the container listens on, and the node's ports that lead there. */
const CONTAINER_PORT = 80;
const HOST_PORTS: Readonly<Record<string, number>> = { alpha: 8080, beta: 8081, stranger: 8082 };
const GUESTS_DIR = resolve(import.meta.dirname, "../../dist/guests");

/** What the steps share. */
interface Demo {
  readonly host: Host;
  readonly print: Printer;
  readonly folder: string;
}

const MANIFEST = resolve(import.meta.dirname, "../../guests/bridge/grants.json");

const readGuest = (type: string): Buffer => readFileSync(join(GUESTS_DIR, `${type}.wasm`));
const requestFor = ({ name, netns }: Container) => ({
  network: NETWORK,
  containerId: name,
  netns,
  ifname: "eth0",
  runtimeConfig: {
    portMappings: [{ hostPort: HOST_PORTS[name] ?? 0, containerPort: CONTAINER_PORT, protocol: "tcp" }],
  },
});

async function installPlugins({ host, print }: Demo): Promise<void> {
  print.step("Install the bundled plugins; each grant is the operator's");
  for (const file of readdirSync(GUESTS_DIR).filter((name) => name.endsWith(".wasm"))) {
    const plan = await host.planInstall({ component: readFileSync(join(GUESTS_DIR, file)) });
    await plan.commit();
    print.say(`${plan.type} ${plan.version}, ${plan.digest.slice(0, 19)}`);
    print.show(plan.grants.join("\n") || "nothing");
  }
}

async function addContainers({ host, print }: Demo, containers: readonly Container[]): Promise<string[]> {
  const addresses: string[] = [];
  for (const container of containers) {
    print.step(`ADD ${container.name}: a bridge with a gateway, an address, a published port, forwarding, a setting`);
    let operationId = "";
    const result = await host.add({ ...requestFor(container), onBegin: (id) => (operationId = id) });
    print.show(JSON.stringify(result, undefined, 2));
    print.say(`timeline of call ${operationId}`);
    print.show(formatTimeline(await host.log({ operationId })).join("\n"));
    addresses.push(addressOf(result));
  }
  return addresses;
}

/** Reads the first address of a result, without its prefix. */
function addressOf(result: JsonObject): string {
  const ips = result["ips"];
  const first = isJsonArray(ips) ? ips[0] : undefined;
  const address = isJsonObject(first) ? first["address"] : undefined;
  return typeof address === "string" ? (address.split("/")[0] ?? "") : "";
}

async function pingAround(
  { print }: Demo,
  [first, second]: readonly Container[],
  addresses: readonly string[],
): Promise<void> {
  print.step("Ping: container to container, container to gateway");
  if (first === undefined || second === undefined) return;
  print.good(`${first.name} → ${second.name}: ${ping(first, addresses[1] ?? "")}`);
  print.good(`${second.name} → ${first.name}: ${ping(second, addresses[0] ?? "")}`);
  print.good(`${first.name} → gateway: ${ping(first, GATEWAY)}`);
}

async function publish({ print }: Demo, [first, second]: readonly Container[]): Promise<void> {
  print.step("Published ports: the node's lead to the containers");
  for (const container of [first, second]) {
    if (container === undefined) continue;
    await using _service = await startService(container, CONTAINER_PORT);
    const port = HOST_PORTS[container.name] ?? 0;
    print.good(`127.0.0.1:${port} → ${container.name}:${CONTAINER_PORT}: ${await ask(port)}`);
  }
}

const differenceLine = ({ object, wanted, found, repair: outcome }: Difference): string =>
  `${outcome ?? "found"}: ${object}: wanted ${wanted}, found ${found}`;

/** Takes something away behind the ledger's back. */
async function repair(
  { host, print }: Demo,
  [first]: readonly Container[],
  addresses: readonly string[],
): Promise<void> {
  print.step("Somebody takes things away; doctor finds them, and puts them back");
  if (first === undefined) return;
  const sound = await host.doctor();
  if (sound.differences.length > 0) throw new Error(sound.differences.map(differenceLine).join("\n"));
  print.good("cnidaria doctor: all is well");
  run("ip", "-n", first.name, "address", "flush", "dev", "eth0");
  run("nft", "delete", "element", "inet", "cnidaria", "forward_v4", `{ ${addresses[0] ?? ""} }`);
  const { differences } = await host.doctor({ repair: true });
  print.show(differences.map(differenceLine).join("\n"));
  const after = await host.doctor();
  if (after.differences.length > 0) throw new Error(after.differences.map(differenceLine).join("\n"));
  print.good(`repaired: ${first.name} → gateway: ${ping(first, GATEWAY)}`);
}

async function showLedger({ host, print }: Demo): Promise<void> {
  print.step("The ledger: what exists, whose it is");
  const rows = await host.ledger();
  print.show(rows.map((row) => `${row.containerId.padEnd(12)} ${row.kind.padEnd(18)} ${row.description}`).join("\n"));
  const leases = await host.leases();
  print.show(leases.map((row) => `${row.containerId.padEnd(12)} ${"lease".padEnd(18)} ${row.address}`).join("\n"));
}

/** Takes masquerading out of the bridge plugin's grant, and lets it try. */
async function refuse({ host, print }: Demo): Promise<void> {
  print.step("A plugin asks for something that it was not granted");
  const component = readGuest("bridge");
  const { capabilities } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { readonly capabilities: JsonObject };
  const plan = await host.planInstall({ component, capabilities: withoutKeys(capabilities, ["masquerade"]) });
  print.say("the operator narrows the grant of bridge:");
  print.show((plan.differences ?? []).join("\n"));
  await plan.commit();
  const container = createContainer("stranger");
  try {
    await host.add(requestFor(container));
    throw new Error("the plugin was not refused");
  } catch (error) {
    if (!isCniError(error)) throw error;
    print.good("ADD is refused, and what it had made until then is undone:");
    print.show(JSON.stringify(error.toCniJson("1.1.0"), undefined, 2));
  } finally {
    deleteContainer(container);
    await host.install({ component });
  }
}

async function remove({ host, print }: Demo, containers: readonly Container[]): Promise<void> {
  print.step("DEL: nothing is left");
  for (const container of containers) await host.del(requestFor(container));
  const left = [
    ...leftovers(),
    ...(await host.ledger()).map((row) => row.description),
    ...(await host.leases()).map((row) => row.address),
  ];
  if (left.length > 0) throw new Error(`left behind: ${left.join("; ")}`);
  print.good("no link, no address, no rule, no lease, no line in the ledger");
  print.show(run("ip", "-br", "link"));
}

async function compare({ host, print, folder }: Demo): Promise<void> {
  print.step("The bridge alone, and the same with the reference plugins");
  const ours = await timeHost(host, BRIDGE_NETWORK);
  const rows = [
    ["", "ADD", "DEL"],
    ["cnidaria, warm host", ms(ours.addMs), ms(ours.delMs)],
  ];
  if (hasReference()) {
    const theirs = await timeReference(BRIDGE, join(folder, "reference"));
    rows.push(
      ["reference plugins", ms(theirs.addMs), ms(theirs.delMs)],
      ["ratio", ratio(ours.addMs, theirs.addMs), ratio(ours.delMs, theirs.delMs)],
    );
  } else {
    print.say("The package containernetworking-plugins is not installed: no comparison.");
  }
  print.show(
    rows
      .map(([what = "", add = "", del = ""]) => `${what.padEnd(22)}${add.padStart(12)}${del.padStart(12)}`)
      .join("\n"),
  );
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const ratio = (ours: number, theirs: number): string => `1 : ${(theirs / ours).toFixed(1)}`;

async function play(): Promise<void> {
  const print = createPrinter((line) => process.stdout.write(`${line}\n`), STEPS, process.stdout.isTTY === true);
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-demo-"));
  try {
    print.step("A node of its own: a network namespace that knows nothing of this machine's network");
    prepareNode();
    const containers = [createContainer("alpha"), createContainer("beta")];
    await using host = await createHost({ stateDir: join(folder, "state"), origin: "demo" });
    const isolation = await host.isolation();
    print.say(
      isolation === "full"
        ? "isolation: full"
        : "reduced isolation: in a user namespace, sandboxes share the helper's uid",
    );
    const demo: Demo = { host, print, folder };
    await installPlugins(demo);
    const addresses = await addContainers(demo, containers);
    await pingAround(demo, containers, addresses);
    await publish(demo, containers);
    await showLedger(demo);
    await repair(demo, containers, addresses);
    await refuse(demo);
    await remove(demo, containers);
    await compare(demo);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reports a failure with all that is known about it. */
function report(error: unknown): void {
  console.error(error);
  if (isCniError(error) && error.details !== undefined) console.error(error.details);
  process.exitCode = 1;
}

if (process.argv.includes(INSIDE)) {
  await play().catch(report);
} else {
  ensurePrerequisites();
  tryInstallReference();
  process.exitCode = runInside(import.meta.filename, process.argv.slice(2));
}
