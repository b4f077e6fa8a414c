/**
 * @module The first ADD after kill -9 of everything, with a thousand attachments on record.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createHost } from "../../host/index.ts";
import { buildCrashBundles } from "../../test/crash/bundles.ts";
import { startServedHost } from "../../test/crash/served-host.ts";
import { until } from "../../test/support/command.ts";
import { createContext } from "../support/context.ts";
import { treeOf } from "../support/processes.ts";
import type { Row } from "../support/row.ts";
import { timed } from "../support/statistics.ts";
import { forEach } from "../support/rate.ts";
import { createContainers, portsNetwork, requestOf } from "./attachments.ts";

const DIST = join(import.meta.dirname, "..", "..", "dist");
/** A bridge has at most 1,023 ports. */
const COUNT = 1_000;
const COUNT_QUICK = 50;
/** ADDs that are under way when all is killed. */
const UNDER_WAY = 8;
const BOUND_SECONDS = 2;

/** Measures the row. */
export async function measureRecovery(isQuick: boolean): Promise<Row[]> {
  const count = isQuick ? COUNT_QUICK : COUNT;
  await using context = await createContext(isQuick);
  await context.host.close();
  await buildCrashBundles();
  const network = portsNetwork("recover0", "10.94.0.0/16");
  const containers = createContainers(count + UNDER_WAY + 1);
  const requests = containers.map((container, index) => requestOf(network, container, index));
  const served = await startServedHost(context.stateDir, DIST);
  const [made, rest] = [requests.slice(0, count), requests.slice(count)];
  const [first, ...underWay] = rest;
  if (first === undefined) throw new Error("unreachable: there is one more");
  await forEach(made, async (request) => served.ask({ verb: "add", request }));
  const pending = underWay.map((request) => served.ask({ verb: "add", request }));
  await until("an ADD to be under way", () => readdirSync(join(context.stateDir, "calls")).length > 0);
  for (const { pid } of treeOf(served.child.pid ?? 0)) process.kill(pid, "SIGKILL");
  const cutOff = (await Promise.all(pending)).filter((outcome) => outcome !== "ok").length;
  await served[Symbol.asyncDispose]();
  await using host = await createHost({ stateDir: context.stateDir, origin: "benchmark" });
  const seconds = (await timed(() => host.add(first))) / 1000;
  const attachments = (await host.attachments()).length;
  await Promise.all(requests.map((request) => host.del(request)));
  const left = (await host.ledger()).length;
  for (const container of containers) container[Symbol.dispose]();
  return [
    {
      name: "recovery",
      what: `seconds to the first ADD after kill -9 of all, with ${count} attachments on record`,
      figure: seconds,
      bound: BOUND_SECONDS,
      sense: "most",
      isRatio: false,
      measured: { attachments, cutOff },
      beside: `${cutOff} ADDs were cut off; ${attachments} attachments after it`,
    },
    {
      name: "recovery, left",
      what: "rows of the ledger left after DEL of all of them",
      figure: left,
      bound: 0,
      sense: "most",
      isRatio: false,
      of: attachments,
      measured: { attachments, left },
    },
  ];
}
