/**
 * Ports that are published again, in the place of others, by an operation that comes to nothing: those that were published before are there.
 */
import { describe, expect, test } from "vitest";
import { addOf, expectNothingLeft, prefix } from "../support/cases.ts";
import { delWithoutPlugin } from "../support/bench.ts";
import { beginTestOperation, startTestSandbox, type TestHelper, type TestSandbox } from "../support/helper.ts";
import {
  begin,
  CONDITIONS,
  everywhere,
  newScene,
  portOf,
  saved,
  start,
  VARIANTS,
  type Scene,
} from "../support/iptables.ts";

const BEFORE = [portOf(8080), portOf(8053, 2, "udp")];
/** One is led elsewhere, one is new, one is gone. */
const AFTER = [{ ...portOf(8080), containerPort: 81 }, portOf(8082)];

async function beginAgain(helper: TestHelper, { digest, container }: Scene): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(helper, digest);
  const previousResult = { ips: [{ address: "10.1.0.2/24" }] };
  await beginTestOperation(helper, sandbox, { ...addOf(container.path), previousResult });
  return sandbox;
}

/** Everything in every packet filter, whatever its order. */
function everything(scene: Scene): string[] {
  const nftables = scene.node.run("nft", "list", "ruleset").replaceAll(/counter packets \d+ bytes \d+/gu, "counter");
  const words = nftables.split(/[\n,]/u).map((line) => line.replaceAll(/elements = \{|\}/gu, "").trim());
  return [...everywhere(scene), ...words].toSorted();
}

describe.for(["nftables", ...VARIANTS])("%s", (packetFilter) => {
  test.for([
    { title: "before anything was made", die: "intent:after@3" },
    { title: "before it is on record that they were made", die: "done:before@1" },
    { title: "after the last was made", die: "done:after@2" },
  ])("are there after the helper died $title", async ({ die }) => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const options = { sourceTranslation: "local", packetFilter };
    expect(await sandbox.ask("host-ports.publish", BEFORE, { ...options, conditionsV4: CONDITIONS })).toEqual({
      ok: null,
    });
    await adding.endCall();
    await adding.end();
    await helper.close();
    const before = everything(scene);
    expect(before.join("\n")).toContain("8080");

    const dying = await start(scene, die);
    const again = await beginAgain(dying, scene);
    const asked = again.ask("host-ports.publish", AFTER, {
      ...options,
      conditionsV4: { ...CONDITIONS, sources: [prefix(9)] },
    });
    await expect(asked).rejects.toThrow("the sandbox ended");
    await dying.exited;
    expect(dying.stderr()).toContain(`reached ${die}`);

    const next = await start(scene);
    expect(everything(scene)).toEqual(before);
    const { rows } = await next.request("read-ledger", {});
    expect(rows.filter(({ kind }) => kind === "host-port").map(({ description }) => description)).toEqual([
      "tcp port 8080 of every IPv4 address to 10.1.0.2 port 80",
      "udp port 8053 of every IPv4 address to 10.1.0.2 port 80",
    ]);
    expect(await delWithoutPlugin(next)).toEqual([]);
    for (const variant of VARIANTS) expect(saved(scene, variant)).toEqual([]);
    expectNothingLeft(scene.node);
    await next.close();
  });
});
