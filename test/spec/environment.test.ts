import { describe, expect, test } from "vitest";
import { parseCniArguments } from "../../host/spec/arguments.ts";
import { parseEnvironment } from "../../host/spec/environment.ts";

const FULL = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/x",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=pod",
  CNI_PATH: "/opt/cni/bin",
};

describe("parseEnvironment", () => {
  test("reads what is there", () => {
    expect(parseEnvironment(FULL)).toEqual({
      command: "ADD",
      containerId: "c1",
      netns: "/run/netns/x",
      ifname: "eth0",
      args: [
        ["IgnoreUnknown", "1"],
        ["K8S_POD_NAME", "pod"],
      ],
      path: "/opt/cni/bin",
    });
  });

  test.for([
    ["ADD", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]],
    ["CHECK", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]],
    ["DEL", ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"]],
    ["GC", ["CNI_PATH"]],
    ["STATUS", ["CNI_PATH"]],
  ] as const)("%s names all of what is missing, with code 4", ([command, names]) => {
    const message = `required env variables [${names.join(",")}] missing`;
    expect(() => parseEnvironment({ CNI_COMMAND: command })).toThrow(expect.objectContaining({ code: 4, message }));
  });

  test("VERSION needs nothing, and looks at nothing", () => {
    expect(parseEnvironment({ CNI_COMMAND: "VERSION", CNI_ARGS: "broken", CNI_IFNAME: "a/b" }).command).toBe("VERSION");
  });

  test("DEL does without a namespace", () => {
    expect(parseEnvironment({ ...FULL, CNI_COMMAND: "DEL", CNI_NETNS: "" }).netns).toBe("");
  });

  test.for([
    { why: "no verb", change: { CNI_COMMAND: "" } },
    { why: "a verb in lower case", change: { CNI_COMMAND: "add" } },
    { why: "an unknown verb", change: { CNI_COMMAND: "toString" } },
    { why: "an illegal container id", change: { CNI_CONTAINERID: "-c1" } },
    { why: "an illegal link name", change: { CNI_IFNAME: "sixteen_bytes_00" } },
    { why: "illegal arguments", change: { CNI_ARGS: "a=b;" } },
  ])("code 4: $why", ({ change }) => {
    expect(() => parseEnvironment({ ...FULL, ...change })).toThrow(expect.objectContaining({ code: 4 }));
  });
});

describe("parseCniArguments", () => {
  test.for(["", "K=v", "K=", "A=1;B=2", "A=1;A=2"])("reads %j back as it was", (text) => {
    const pairs = parseCniArguments(text).map(([name, value]) => `${name}=${value}`);
    expect(pairs.join(";")).toBe(text);
  });

  test.for(["a", "a=b;", ";a=b", "a=b=c", "a=b;;c=d", ";"])("refuses %j", (text) => {
    expect(() => parseCniArguments(text)).toThrow(expect.objectContaining({ kind: "invalidEnvironment" }));
  });
});
