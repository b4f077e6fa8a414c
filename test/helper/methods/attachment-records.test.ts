/**
 * @module Which record an operation goes by, what it pins, and what a DEL of one scope takes along.
 */
import { expect, test } from "vitest";
import { chooseRecord, digestsLeft, pinnedBy, shareOf } from "../../../host/helper/methods/attachment-records.ts";
import type { AttachmentRecord, BeginOperation, Digest } from "../../../host/helper/protocol.ts";
import type { OpenOperation } from "../../../host/helper/state.ts";
import { attachmentOf, operationOf } from "../ledger/support.ts";

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const [A, B, C, D] = ["a", "b", "c", "d"].map(digestOf) as [Digest, Digest, Digest, Digest];

const LIST = attachmentOf("c1", { digests: { bridge: A, "host-local": B, tuning: C }, legacy: ["dhcp"] });
const OF_BRIDGE = attachmentOf("c1", { scope: "bridge", digests: { bridge: D, "host-local": B }, createdAtMs: 8 });
const OF_TUNING = attachmentOf("c1", { scope: "tuning", digests: { tuning: C }, createdAtMs: 9 });

test.for([
  { title: "a list goes by its own record", scope: "", records: [LIST, OF_BRIDGE], chosen: LIST },
  {
    title: "a list that was added one by one, by the newest",
    scope: "",
    records: [OF_BRIDGE, OF_TUNING],
    chosen: OF_TUNING,
  },
  { title: "a plugin goes by its own", scope: "bridge", records: [LIST, OF_BRIDGE], chosen: OF_BRIDGE },
  { title: "a plugin that a list added, by the list's", scope: "tuning", records: [LIST, OF_BRIDGE], chosen: LIST },
  { title: "a plugin that nobody added, by none", scope: "portmap", records: [LIST, OF_BRIDGE], chosen: undefined },
  { title: "a plugin is not every name of an object", scope: "toString", records: [LIST], chosen: undefined },
  { title: "nothing is on record", scope: "", records: [], chosen: undefined },
])("$title", ({ scope, records, chosen }) => {
  expect(chooseRecord({ scope, verb: "DEL" }, records)).toBe(chosen);
});

test.for([
  { why: "ADD takes what is installed", verb: "ADD", scope: "", records: [LIST], type: "bridge", by: undefined },
  { why: "DEL of a list", verb: "DEL", scope: "", records: [LIST], type: "bridge", by: A },
  { why: "CHECK of a plugin", verb: "CHECK", scope: "bridge", records: [LIST, OF_BRIDGE], type: "bridge", by: D },
  { why: "an executable is pinned too", verb: "DEL", scope: "", records: [LIST], type: "dhcp", by: "legacy" },
  {
    why: "a list has the plugins of every scope",
    verb: "DEL",
    scope: "",
    records: [OF_BRIDGE, OF_TUNING],
    type: "bridge",
    by: D,
  },
  {
    why: "a plugin not those of another",
    verb: "DEL",
    scope: "tuning",
    records: [OF_BRIDGE, OF_TUNING],
    type: "bridge",
    by: undefined,
  },
] as const)("pins the component that ADD used: $why", ({ verb, scope, records, type, by }) => {
  expect(pinnedBy({ scope, verb }, records, type)).toBe(by);
});

/** A DEL, as far as the records are concerned. */
function delOf(scope: string, types: readonly string[], records: readonly AttachmentRecord[], within?: "GC" | "ADD") {
  const begun = { scope, types, verb: "DEL" } as unknown as BeginOperation;
  const outer = within === undefined ? undefined : operationOf("o", within === "GC" ? "" : "c1", { verb: within });
  return { begun, outer, records, attachment: chooseRecord(begun, records), digests: {} } as unknown as OpenOperation;
}

test.for([
  { why: "a list: everything", operation: delOf("", [], [LIST]), share: undefined },
  {
    why: "a plugin beside another",
    operation: delOf("tuning", ["tuning"], [OF_BRIDGE, OF_TUNING]),
    share: { digests: [C], isLast: false },
  },
  {
    why: "the last plugin",
    operation: delOf("tuning", ["tuning"], [OF_TUNING]),
    share: { digests: [C], isLast: true },
  },
  {
    why: "a plugin of a list, with its IPAM plugin",
    operation: delOf("bridge", ["bridge", "host-local"], [LIST]),
    share: { digests: [A, B], isLast: false },
  },
  {
    why: "the last plugin of a list",
    operation: delOf("tuning", ["tuning"], [attachmentOf("c1", { digests: { tuning: C } })]),
    share: { digests: [C], isLast: true },
  },
  { why: "a second DEL", operation: delOf("tuning", ["tuning"], [OF_BRIDGE]), share: { digests: [], isLast: false } },
  {
    why: "within an ADD, never all",
    operation: delOf("tuning", ["tuning"], [], "ADD"),
    share: { digests: [], isLast: false },
  },
  {
    why: "within a GC, all",
    operation: delOf("tuning", ["tuning"], [OF_TUNING], "GC"),
    share: { digests: [C], isLast: true },
  },
])("a DEL takes along: $why", ({ operation, share }) => {
  expect(shareOf(operation)).toEqual(share);
});

test("a DEL leaves on a list's record the plugins that are still to be deleted, and nothing on its own", () => {
  const { begun } = delOf("bridge", ["bridge", "host-local"], []);
  expect(digestsLeft(begun, LIST)).toEqual({ tuning: C });
  expect(digestsLeft(begun, OF_BRIDGE)).toEqual({});
  expect(digestsLeft(delOf("", ["bridge"], []).begun, LIST)).toEqual({});
});
