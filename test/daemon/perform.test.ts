import { describe, expect, test } from "vitest";
import { performCall } from "../../host/daemon/perform.ts";
import type { WarmRequest } from "../../host/daemon/protocol.ts";
import type { ExecRequest } from "../../host/index.ts";
import { CniError } from "../../host/spec/error.ts";

const request: WarmRequest = {
  surroundings: "1-2-3",
  command: "ADD",
  type: "bridge",
  containerId: "c",
  netns: "/n",
  ifname: "eth0",
  args: "A=B",
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
