import { describe, expect, test } from "vitest";
import { parseExecEnvironment } from "../../host/shim/environment.ts";

const ADD = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/a", CNI_IFNAME: "eth0" };

describe("parseExecEnvironment", () => {
  test("reads what a runtime gives", () => {
    expect(parseExecEnvironment({ ...ADD, CNI_ARGS: "A=B", HOME: "/" })).toEqual({
      command: "ADD",
      containerId: "c1",
      netns: "/run/netns/a",
      ifname: "eth0",
      args: "A=B",
    });
  });

  test("takes DEL without a namespace", () => {
    expect(parseExecEnvironment({ ...ADD, CNI_COMMAND: "DEL", CNI_NETNS: "" }).netns).toBe("");
  });

  test("takes STATUS with nothing else", () => {
    expect(parseExecEnvironment({ CNI_COMMAND: "STATUS" }).command).toBe("STATUS");
  });

  test.for([
    { title: "an unknown verb", environment: { ...ADD, CNI_COMMAND: "MOD" }, code: 4 },
    { title: "a verb that is on every object", environment: { ...ADD, CNI_COMMAND: "toString" }, code: 4 },
    { title: "a lower-case verb", environment: { ...ADD, CNI_COMMAND: "add" }, code: 4 },
    { title: "ADD without a namespace", environment: { ...ADD, CNI_NETNS: "" }, code: 4 },
    { title: "CHECK without a namespace", environment: { ...ADD, CNI_COMMAND: "CHECK", CNI_NETNS: undefined }, code: 4 },
    { title: "ADD without a container id", environment: { ...ADD, CNI_CONTAINERID: "" }, code: 4 },
    { title: "a container id with a slash", environment: { ...ADD, CNI_CONTAINERID: "a/b" }, code: 4 },
    { title: "a link name with a slash", environment: { ...ADD, CNI_IFNAME: "a/b" }, code: 4 },
    { title: "a link name of 16 bytes", environment: { ...ADD, CNI_IFNAME: "a".repeat(16) }, code: 4 },
  ])("refuses $title", ({ environment, code }) => {
    expect(() => parseExecEnvironment(environment)).toThrow(expect.objectContaining({ code }));
  });

  test("names every variable that is missing", () => {
    expect(() => parseExecEnvironment({ CNI_COMMAND: "ADD" })).toThrow("CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME");
  });
});
