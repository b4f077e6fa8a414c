/**
 * @module Ledgers of earlier releases, and of later ones.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../../host/helper/ledger/schema.ts";
import { COOKIE, attachmentOf, intentOf, openTestLedger, operationOf, ownerOf, temporaryStateDir } from "./support.ts";

const KEY = { network: "pods", containerId: "c1", ifname: "eth0" };
const DIGEST = `sha256:${"a".repeat(64)}`;
const BOOT = "boot-of-the-test";

/** A ledger as the first release left it: an attachment with a bridge, an address and a link, and an operation under way. */
function writeFirstRelease(stateDir: string, version = "1"): string {
  const path = join(stateDir, "ledger", "ledger.db");
  using database = new DatabaseSync(path);
  database.exec(readFileSync(join(import.meta.dirname, "schema-1.sql"), "utf8"));
  database.exec(`
    INSERT INTO meta VALUES ('schema', '${version}');
    INSERT INTO boots VALUES (1, '${BOOT}');
    INSERT INTO operations VALUES ('op2', '${COOKIE}', 'pods', 'c2', 'eth0', 'ADD', 5, 'test', 1, 1);
    INSERT INTO owned VALUES (1, 'op1', 'call1', '${COOKIE}', 'pods', 'c1', 'eth0', '${DIGEST}', 'veth', 'veth1',
      '{"name":"veth1"}', NULL, 'veth veth1', 1, 1);
    INSERT INTO shared VALUES (1, '${COOKIE}', 'bridge', 'cni0', 'pods', 'ready', 'op1', '{}', 'bridge cni0', 1);
    INSERT INTO shared_users VALUES (1, 'c1', 'pods', 'eth0', 'op1', 1);
    INSERT INTO leases VALUES ('pods', 4, X'0A000002', 0, 'c1', 'eth0', 'op1', 1);
    INSERT INTO attachments VALUES ('c1', 'pods', 'eth0', '/run/netns/c1', '1.1.0', '{"name":"pods"}',
      '[["IgnoreUnknown","1"]]', '{}', '{"bridge":"${DIGEST}"}', '{"cniVersion":"1.1.0"}', 7, 1);`);
  return path;
}

test("a ledger of the first release is taken over: what it says, it still says", () => {
  const stateDir = temporaryStateDir();
  writeFirstRelease(stateDir);
  const ledger = openTestLedger(stateDir, { bootId: BOOT });
  expect(ledger.attachments.list({})).toEqual([attachmentOf("c1")]);
  expect(ledger.leases.list({ containerId: "c1" })).toMatchObject([{ ...KEY, digest: undefined, operationId: "op1" }]);
  expect(ledger.owned({ attachment: KEY })).toMatchObject([intentOf("op1", { callId: "call1" })]);
  expect(ledger.unfinishedOperations()).toMatchObject([{ id: "op2", within: "" }]);
  // A DEL of one plugin does not know that this user is its own; a DEL of the attachment does.
  expect(ledger.shared.list({ user: { ...KEY, digests: [DIGEST as `sha256:${string}`] } })).toEqual([]);
  const [bridge] = ledger.shared.list({ user: KEY });
  expect(ledger.shared.unshare(bridge?.id ?? 0, KEY, "op3")?.last).toBe(true);
});

test("a ledger that was taken over is written to as a new one is", () => {
  const stateDir = temporaryStateDir();
  writeFirstRelease(stateDir);
  const ledger = openTestLedger(stateDir, { bootId: BOOT });
  ledger.openOperation(operationOf("op4", "c1", { within: "op2" }));
  ledger.attachments.put(attachmentOf("c1", { scope: "tuning" }), "op4");
  expect(
    ledger.attachments
      .scopesOf(KEY)
      .map(({ scope }) => scope)
      .toSorted(),
  ).toEqual(["", "tuning"]);
  const other = `sha256:${"b".repeat(64)}` as const;
  const thing = { operationId: "op4", kind: "bridge", key: "cni0", undo: {}, description: "" };
  expect(ledger.shared.share(ownerOf("c1", { digest: other }), thing).state).toBe("joined");
  expect(ledger.shared.unshare(1, { ...KEY, digests: [other] }, "op4")?.last).toBe(false);
});

test("helpers that open an old ledger one after the other take it over once", () => {
  const stateDir = temporaryStateDir();
  writeFirstRelease(stateDir);
  const ledgers = [1, 2].map(() => openTestLedger(stateDir, { bootId: BOOT }));
  for (const ledger of ledgers) expect(ledger.attachments.list({})).toHaveLength(1);
});

test.for([String(SCHEMA_VERSION + 1), "0", "none"])("a ledger of version %s is refused, and not touched", (version) => {
  const stateDir = temporaryStateDir();
  const path = writeFirstRelease(stateDir, version);
  const before = readFileSync(path);
  expect(() => openTestLedger(stateDir)).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
  expect(readFileSync(path)).toEqual(before);
});
