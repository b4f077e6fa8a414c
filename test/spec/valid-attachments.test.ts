import { expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { formatValidAttachments, parseValidAttachments } from "../../host/spec/valid-attachments.ts";

const ONE = [{ containerID: "c1", ifname: "eth0" }];

test.for<{ title: string; object: JsonObject; want: unknown }>([
  { title: "today's key", object: { "cni.dev/valid-attachments": ONE }, want: [{ containerId: "c1", ifname: "eth0" }] },
  { title: "the former key", object: { "cni.dev/attachments": ONE }, want: [{ containerId: "c1", ifname: "eth0" }] },
  {
    title: "both, each entry once",
    object: {
      "cni.dev/valid-attachments": ONE,
      "cni.dev/attachments": [...ONE, { containerID: "c1", ifname: "eth1" }],
    },
    want: [
      { containerId: "c1", ifname: "eth0" },
      { containerId: "c1", ifname: "eth1" },
    ],
  },
  {
    title: "another case of the keys",
    object: { "CNI.dev/Valid-Attachments": [{ ContainerId: "c1", ifName: "e" }] },
    want: [{ containerId: "c1", ifname: "e" }],
  },
  { title: "an empty list, which is not the same as none", object: { "cni.dev/valid-attachments": [] }, want: [] },
  { title: "neither key", object: { name: "net" }, want: undefined },
  { title: "null", object: { "cni.dev/valid-attachments": null }, want: undefined },
])("reads $title", ({ object, want }) => {
  expect(parseValidAttachments(object)).toEqual(want);
});

test.for<{ title: string; list: JsonObject[string]; kind: string }>([
  { title: "no list", list: "all", kind: "decodingFailure" },
  { title: "an entry that is no object", list: ["c1"], kind: "decodingFailure" },
  { title: "an entry without a container", list: [{ ifname: "eth0" }], kind: "decodingFailure" },
  { title: "an entry without a link name", list: [{ containerID: "c1" }], kind: "decodingFailure" },
  { title: "a container that is a path", list: [{ containerID: "../c1", ifname: "eth0" }], kind: "invalidEnvironment" },
  { title: "a link name that is a path", list: [{ containerID: "c1", ifname: "a/b" }], kind: "invalidEnvironment" },
])("refuses $title", ({ list, kind }) => {
  expect(() => parseValidAttachments({ "cni.dev/valid-attachments": list })).toThrow(expect.objectContaining({ kind }));
});

test("writes the list under both keys", () => {
  const valid = [{ containerId: "c1", ifname: "eth0" }];
  expect(formatValidAttachments(valid)).toEqual({ "cni.dev/valid-attachments": ONE, "cni.dev/attachments": ONE });
  expect(parseValidAttachments(formatValidAttachments(valid))).toEqual(valid);
});
