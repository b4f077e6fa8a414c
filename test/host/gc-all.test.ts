import { expect, test } from "vitest";
import type { AttachmentRecord } from "../../host/index.ts";
import { startPeriodicGc } from "../../host/gc-all.ts";
import type { Collecting, PeriodicGc } from "../../host/gc-all.ts";
import { until } from "../support/command.ts";

const THERE = import.meta.filename;
const GONE = `${THERE}/gone`;

const record = (containerId: string, change: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  network: "net",
  containerId,
  ifname: "eth0",
  scope: "",
  netns: THERE,
  cniVersion: "1.1.0",
  configuration: "{}",
  args: [],
  runtimeConfig: "{}",
  digests: {},
  legacy: [],
  result: "{}",
  createdAtMs: 1,
  ...change,
});

/** What a host knows, and what it was told is valid. */
interface Scene {
  readonly records: AttachmentRecord[];
  readonly files?: Awaited<ReturnType<Collecting["cachedAttachments"]>>;
  readonly leases?: Awaited<ReturnType<Collecting["leases"]>>;
  /** Comes about before GC has the network to itself. */
  readonly meanwhile?: () => void;
  readonly valid?: PeriodicGc["valid"];
}

/** Gives what the first GC was told to keep: `ID/IFNAME`. */
async function keptBy({ records, files = [], leases = [], meanwhile, valid }: Scene): Promise<readonly string[]> {
  let kept: readonly string[] | undefined;
  const host: Collecting = {
    attachments: async () => [...records],
    cachedAttachments: async () => files,
    leases: async () => leases,
    collect: async (_request, validOf) => {
      meanwhile?.();
      kept ??= [...new Set((await validOf()).map(({ containerId, ifname }) => `${containerId}/${ifname}`))];
    },
  };
  const onFailure = (error: unknown): never => {
    throw error;
  };
  using _periodic = startPeriodicGc(host, { intervalMs: 1, onFailure, ...(valid === undefined ? {} : { valid }) });
  await until("the first GC", () => kept !== undefined);
  return kept ?? [];
}

test("an attachment whose namespace is gone is not kept", async () => {
  expect(await keptBy({ records: [record("c1"), record("c2", { netns: GONE })] })).toEqual(["c1/eth0"]);
});

test("one that is added while GC waits for its turn is kept", async () => {
  const records = [record("c1")];
  expect(await keptBy({ records, meanwhile: () => records.push(record("c2")) })).toEqual(["c1/eth0", "c2/eth0"]);
});

test("one that is added after the embedder was asked is kept, also where it replaces one that is not", async () => {
  const records = [record("c1"), record("c2"), record("c3")];
  const kept = await keptBy({
    records,
    valid: async () => [{ containerId: "c1", ifname: "eth0" }],
    meanwhile: () => {
      records.splice(1, 1, record("c2", { createdAtMs: 2 }));
      records.push(record("c4"));
    },
  });
  expect(kept).toEqual(["c1/eth0", "c2/eth0", "c4/eth0"]);
});

test("what another program attached is kept: as its file says, or its address alone", async () => {
  const { result: _result, runtimeConfig: _runtimeConfig, ...known } = record("c2");
  const file = { ...known, runtimeConfig: {}, result: {} };
  const lease = { network: "net", address: "10.1.0.9", setIndex: 0 };
  const kept = await keptBy({
    records: [record("c1", { netns: GONE })],
    files: [file, { ...file, containerId: "c3", netns: undefined }, { ...file, containerId: "c4", netns: GONE }],
    leases: [
      { ...lease, containerId: "c1", ifname: "" },
      { ...lease, containerId: "c4", ifname: "eth0" },
      { ...lease, containerId: "c5", ifname: "" },
    ],
  });
  expect(kept).toEqual(["c2/eth0", "c3/eth0", "c5/eth0"]);
});

test("one whose namespace's path is not known is kept", async () => {
  expect(await keptBy({ records: [record("c1", { netns: "" })] })).toEqual(["c1/eth0"]);
});
