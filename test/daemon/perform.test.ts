import { describe, expect, test } from "vitest";
import { performCall } from "../../host/daemon/perform.ts";
import type { WarmRequest } from "../../host/daemon/protocol.ts";
import type { ExecRequest } from "../../host/index.ts";
import { CniError } from "../../host/spec/error.ts";

const request: WarmRequest = {
  surroundings: "1-2-3",
  type: "bridge",
  variables: {
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "c",
    CNI_NETNS: "/n",
    CNI_IFNAME: "eth0",
    CNI_ARGS: "A=B",
    CNI_PATH: "/opt/cni/bin",
  },
  configuration: '{"cniVersion":"0.4.0"}',
};

describe("performCall", () => {
  test("prints the result, and the call's id for the log", async () => {
    const asked: ExecRequest[] = [];
    const answer = await performCall(request, {
      exec: async (exec) => {
        asked.push(exec);
        exec.onBegin?.("op-1");
        return '{"ips":[]}';
      },
    });
    expect(answer).toEqual({ exitCode: 0, stdout: '{"ips":[]}\n', stderr: "cnidaria: call op-1\n" });
    expect(asked).toMatchObject([{ command: "ADD", type: "bridge", args: "A=B" }]);
    expect(asked[0]).not.toHaveProperty("surroundings");
  });

  /** What the host is asked when the runtime's environment has these as well. */
  const askedWith = async (more: Readonly<Record<string, string>>): Promise<ExecRequest | undefined> => {
    const asked: ExecRequest[] = [];
    const exec = async (exec: ExecRequest): Promise<string> => String(asked.push(exec));
    await performCall({ ...request, variables: { ...request.variables, ...more } }, { exec });
    return asked[0];
  };

  test("hands on where legacy executables are, the trace, and the operation that it is part of", async () => {
    expect(
      await askedWith({
        CNI_PATH: "/opt/cni/bin::relative:/usr/lib/cni",
        TRACEPARENT: "00-1-2-01",
        BAGGAGE: "a=b",
        CNIDARIA_WITHIN: "op-0",
      }),
    ).toMatchObject({
      pluginDirs: ["/opt/cni/bin", "/usr/lib/cni"],
      trace: { TRACEPARENT: "00-1-2-01", BAGGAGE: "a=b" },
      within: "op-0",
      netnsOverride: false,
    });
    expect(await askedWith({ TRACEPARENT: "", CNIDARIA_WITHIN: "" })).toMatchObject({ trace: {} });
    expect(await askedWith({ CNIDARIA_WITHIN: "" })).not.toHaveProperty("within");
  });

  test.for([
    { text: "1", wanted: true },
    { text: "TRUE", wanted: true },
    { text: "true", wanted: true },
    { text: "0", wanted: false },
    { text: "yes", wanted: false },
    { text: "", wanted: false },
  ])("reads CNI_NETNS_OVERRIDE $text as $wanted, as libcni does", async ({ text, wanted }) => {
    expect(await askedWith({ CNI_NETNS_OVERRIDE: text })).toMatchObject({ netnsOverride: wanted });
  });

  test.for([
    { title: "a verb that is none", change: { CNI_COMMAND: "MOD" } },
    { title: "a missing variable", change: { CNI_PATH: "" } },
    { title: "an illegal container id", change: { CNI_CONTAINERID: "a/b" } },
    { title: "malformed CNI_ARGS", change: { CNI_ARGS: "A" } },
  ])("refuses $title before the host hears of it", async ({ change }) => {
    const variables = { ...request.variables, ...change };
    const exec = (): Promise<string> => Promise.reject(new Error("was asked"));
    const answer = await performCall({ ...request, variables }, { exec });
    expect(JSON.parse(answer.stdout)).toMatchObject({ cniVersion: "0.4.0", code: 4 });
  });

  test("prints nothing where there is no result", async () => {
    expect(await performCall(request, { exec: async () => "" })).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test.for([
    {
      title: "a CniError in the configuration's version",
      configuration: '{"cniVersion":"0.4.0"}',
      error: new CniError("invalidNetns", "no", { details: "d" }),
      wanted: { cniVersion: "0.4.0", code: 8, msg: "no", details: "d" },
    },
    {
      title: "an error of a configuration that is not JSON",
      configuration: "{",
      error: new CniError("decodingFailure", "no"),
      wanted: { cniVersion: "1.1.0", code: 6, msg: "no" },
    },
    {
      title: "a mistake as code 105",
      configuration: "[]",
      error: new TypeError("x"),
      wanted: { cniVersion: "1.1.0", code: 105, msg: "the host failed", details: "TypeError: x" },
    },
  ])("reports $title", async ({ configuration, error, wanted }) => {
    const answer = await performCall({ ...request, configuration }, { exec: () => Promise.reject(error) });
    expect(answer.exitCode).toBe(1);
    expect(JSON.parse(answer.stdout)).toEqual(wanted);
  });
});
