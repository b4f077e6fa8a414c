import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { add } from "../../../host/operations/add.ts";
import { check } from "../../../host/operations/check.ts";
import { del } from "../../../host/operations/del.ts";
import { versionOfNetwork } from "../../../host/operations/version.ts";
import { CniError } from "../../../host/spec/error.ts";
import { ATTACHMENT, PLUGINS, asksIpam, fakeBackend, heard, input, plugin } from "../fake-backend.ts";
import type { FakeOptions, Guest } from "../fake-backend.ts";
import { createScripts } from "./script.ts";
import type { ScriptFolder } from "./script.ts";

let scripts: ScriptFolder;
beforeEach(() => {
  scripts = createScripts();
});
afterEach(() => scripts[Symbol.dispose]());

/** An executable that writes down verb and stdin, and answers as told, by verb. */
const recorder = (type: string, answers: Readonly<Record<string, string>> = {}): string =>
  scripts.script(
    type,
    [
      `{ printf '%s ' "${type} $CNI_COMMAND"; /bin/cat; echo; } >> ${scripts.path}/heard`,
      'case "$CNI_COMMAND" in',
      ...Object.entries(answers).map(([verb, answer]) => `${verb}) ${answer} ;;`),
      "esac",
    ].join("\n"),
  );
const RESULT = `echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.9/24"}]}'`;
const executed = (): readonly { readonly what: string; readonly stdin: Record<string, unknown> }[] => {
  const file = join(scripts.path, "heard");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const [type = "", verb = ""] = line.split(" ");
      return { what: `${type} ${verb}`, stdin: JSON.parse(line.slice(type.length + verb.length + 2)) };
    });
};
const names = (): readonly string[] => executed().map(({ what }) => what);
const backendOf = (options: FakeOptions) =>
  fakeBackend({
    ...options,
    plugins: { bridge: null, tuning: null, "host-local": null, old: null, ...options.plugins },
  });
const request = (plugins: readonly object[], change: object = {}) =>
  input({
    network: { cniVersion: "1.0.0", name: "net", plugins },
    pluginDirs: [join(scripts.path, "bin")],
    ...change,
  } as Parameters<typeof input>[0]);

const bridge = PLUGINS["bridge"] ?? null;

describe("executables in a chain", () => {
  test("are called between components, in order, each with the result before it", async () => {
    recorder("old", { ADD: "/usr/bin/tr -d '\\n' >/dev/null; " + RESULT });
    recorder("tuning", { ADD: RESULT });
    const backend = backendOf({ legacy: ["old", "tuning"], plugins: { bridge } });
    const { result } = await add(backend, request([{ type: "old" }, { type: "bridge" }, { type: "tuning" }]));
    expect(backend.order).toEqual([
      "begin",
      "begun old ADD",
      "ok old ADD",
      "run bridge add",
      "close bridge add",
      "begun tuning ADD",
      "ok tuning ADD",
      "end",
    ]);
    expect(JSON.parse(backend.calls[0]?.previousResult ?? "")).toMatchObject({ ips: [{ address: "10.1.0.9/24" }] });
    expect(executed()[0]?.stdin).toEqual({ cniVersion: "1.0.0", name: "net", type: "old" });
    expect(executed()[1]?.stdin).toMatchObject({ prevResult: { ips: [{ address: "10.1.0.7/24" }] } });
    expect(result).toEqual({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.9/24" }] });
  });

  test("are told the operation that they are part of", async () => {
    scripts.script("old", `echo "$CNIDARIA_WITHIN" > ${scripts.path}/within; ${RESULT}`);
    const backend = backendOf({ legacy: ["old"] });
    await add(backend, request([{ type: "old" }]));
    expect(readFileSync(join(scripts.path, "within"), "utf8").trim()).toBe(backend.begun[0]?.operationId);
  });

  test("are not run when the helper refuses it", async () => {
    recorder("old");
    const backend = backendOf({ legacy: ["old"], refusesLegacy: { old: new CniError("notPermitted", "no") } });
    await expect(add(backend, request([{ type: "old" }]))).rejects.toMatchObject({ kind: "notPermitted" });
    expect(names()).toEqual([]);
  });

  test("are called by a runtime's call of an executable of ours only for addresses, never as that type itself", async () => {
    recorder("old", { ADD: RESULT });
    const network = { cniVersion: "1.0.0", name: "net", type: "old" };
    const backend = backendOf({ legacy: ["old"] });
    await expect(add(backend, request([], { network, type: "old" }))).rejects.toMatchObject({ kind: "unknownPlugin" });
    expect(names()).toEqual([]);
  });

  test("CHECK and DEL have the final result, DEL below 0.4.0 has none, and DEL is last first", async () => {
    recorder("old");
    recorder("tuning");
    const plugins = [{ type: "old" }, { type: "tuning" }];
    const attachment = { ...ATTACHMENT, legacy: ["old", "tuning"] };
    await check(backendOf({ legacy: ["old", "tuning"], attachment }), request(plugins));
    await del(backendOf({ legacy: ["old", "tuning"], attachment }), request(plugins));
    expect(names()).toEqual(["old CHECK", "tuning CHECK", "tuning DEL", "old DEL"]);
    for (const { stdin } of executed())
      expect(stdin).toMatchObject({ prevResult: { cniVersion: "1.0.0", ips: [{ address: "10.1.0.7/24" }] } });
    const network = { cniVersion: "0.3.1", name: "net", plugins };
    await del(backendOf({ legacy: ["old", "tuning"], attachment }), request([], { network }));
    expect(executed().at(-1)?.stdin).toEqual({ cniVersion: "0.3.1", name: "net", type: "old" });
  });
});

describe("an ADD that fails", () => {
  const plugins = [{ type: "old" }, { type: "bridge" }, { type: "tuning" }];

  test("has the executables that were called undone, last first, each with what is known of the attachment", async () => {
    recorder("old", { ADD: RESULT });
    recorder("tuning", { ADD: "exit 1" });
    const backend = backendOf({ legacy: ["old", "tuning"], plugins: { bridge } });
    await expect(add(backend, request(plugins))).rejects.toMatchObject({ kind: "pluginFailed" });
    expect(names()).toEqual(["old ADD", "tuning ADD", "tuning DEL", "old DEL"]);
    expect(executed()[3]?.stdin).toMatchObject({ prevResult: { ips: [{ address: "10.1.0.9/24" }] } });
    expect(executed()[2]?.stdin).toMatchObject({ prevResult: { ips: [{ address: "10.1.0.7/24" }] } });
    expect(backend.order.at(-1)).toBe("end");
    expect(backend.ended).toMatchObject([{ outcome: "error" }]);
  });

  test("says what could not be undone beside the first error, and goes on", async () => {
    recorder("old", { ADD: RESULT });
    recorder("tuning", { ADD: "exit 1", DEL: `echo '{"code":5,"msg":"stuck"}'; exit 1` });
    const backend = backendOf({ legacy: ["old", "tuning"], plugins: { bridge } });
    await expect(add(backend, request(plugins))).rejects.toMatchObject({
      message: 'plugin "tuning" failed on ADD: it did not say why',
      details: expect.stringContaining("not undone: stuck") as string,
    });
    expect(names().at(-1)).toBe("old DEL");
  });

  test("because whoever called is gone is undone all the same", async () => {
    const controller = new AbortController();
    recorder("old", { ADD: RESULT });
    const guests: Record<string, Guest> = {
      "bridge add": async () => {
        controller.abort();
        return { trap: "killed" };
      },
    };
    const backend = backendOf({ legacy: ["old"], plugins: { bridge }, guests });
    const asked = request([{ type: "old" }, { type: "bridge" }], { signal: controller.signal });
    await expect(add(backend, asked)).rejects.toMatchObject({ kind: "guestFailed" });
    expect(names()).toEqual(["old ADD", "old DEL"]);
  });
});

describe("an executable as the IPAM plugin of a component", () => {
  const plugins = [{ type: "bridge", ipam: { type: "old", subnet: "10.1.0.0/24" }, capabilities: { ips: true } }];
  const delAsksIpam: Guest = async (ask) => {
    const answered = await ask("del");
    return "err" in answered ? answered : {};
  };

  test("gets the component's whole configuration, and gives addresses to it and to the helper", async () => {
    recorder("old", { ADD: RESULT });
    const backend = backendOf({ legacy: ["old"], plugins: { bridge }, guests: { "bridge add": asksIpam } });
    await add(backend, request(plugins, { runtimeConfig: { ips: ["10.1.0.9"] } }));
    expect(executed()).toEqual([
      {
        what: "old ADD",
        stdin: {
          cniVersion: "1.0.0",
          name: "net",
          type: "bridge",
          ipam: { type: "old", subnet: "10.1.0.0/24" },
          runtimeConfig: { ips: ["10.1.0.9"] },
        },
      },
    ]);
    expect(backend.legacyCalls.at(-1)).toMatchObject({
      outcome: "ok",
      parentCallId: backend.calls[0]?.callId,
      addresses: ["10.1.0.9/24"],
    });
  });

  test("its error reaches the component with its code; the address is given back when the component fails", async () => {
    recorder("old", { ADD: `echo '{"code":11,"msg":"full"}'; exit 1` });
    const guests = { "bridge add": asksIpam };
    const failing = backendOf({ legacy: ["old"], plugins: { bridge }, guests });
    await expect(add(failing, request(plugins))).rejects.toMatchObject({ code: 11, message: "full" });
    expect(names()).toEqual(["old ADD", "old DEL"]);
  });

  test("is not asked for a component that may not ask", async () => {
    recorder("old", { ADD: RESULT });
    const deaf = plugin("bridge", { capabilities: [] });
    const backend = backendOf({ legacy: ["old"], plugins: { bridge: deaf }, guests: { "bridge add": asksIpam } });
    await expect(add(backend, request(plugins))).rejects.toMatchObject({ code: 101 });
    expect(names()).toEqual([]);
  });

  const attachment = { ...ATTACHMENT, legacy: ["old"] };
  test.for<{ title: string; guests: Record<string, Guest>; isThere: boolean; fails: boolean }>([
    { title: "asks for it", guests: { "bridge del": delAsksIpam }, isThere: true, fails: false },
    { title: "does not ask", guests: {}, isThere: true, fails: false },
    { title: "fails before it asks", guests: { "bridge del": { trap: "x" } }, isThere: true, fails: true },
    { title: "is not there any more", guests: {}, isThere: false, fails: false },
  ])("gives back its addresses once, when the component $title", async ({ guests, isThere, fails }) => {
    recorder("old");
    const backend = backendOf({ legacy: ["old"], plugins: { bridge: isThere ? bridge : null }, guests, attachment });
    const deleted = del(backend, request(plugins));
    if (fails) await expect(deleted).rejects.toMatchObject({ kind: "guestFailed" });
    else await deleted;
    expect(names()).toEqual(["old DEL"]);
  });

  test("that is not allowed any more, or gone, is named once, after everything else was removed", async () => {
    for (const legacy of [[], ["old"]]) {
      const guests = { "bridge del": delAsksIpam };
      const backend = backendOf({ legacy, plugins: { bridge }, guests, attachment });
      const error: unknown = await del(backend, request(plugins)).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ message: expect.stringContaining('"old"') as string });
      expect(heard(backend)).toEqual(["bridge del"]);
      expect(backend.ended).toMatchObject([{ outcome: "error" }]);
      expect((error as CniError).details).not.toContain("also:");
    }
  });
});

describe("VERSION of a list with executables", () => {
  const versions = (answer: string, backend = backendOf({ legacy: ["old"], plugins: { bridge } })) => {
    scripts.script("old", answer);
    return versionOfNetwork(backend, [], {
      ...request([{ type: "bridge" }, { type: "old" }]),
      network: { cniVersion: "1.0.0", name: "net", plugins: [{ type: "bridge" }, { type: "old" }] },
    });
  };

  test.for([
    {
      answer: `echo '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0","9.9.9"]}'`,
      spoken: ["0.4.0", "1.0.0"],
    },
    { answer: `echo '{"cniVersion":"0.2.0"}'`, spoken: ["0.1.0", "0.2.0"] },
    { answer: `echo '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}'; exit 1`, spoken: ["0.1.0"] },
    {
      answer: `[ "$CNI_CONTAINERID$CNI_NETNS" = dummydummy ] && echo '{"supportedVersions":["1.0.0"]}'`,
      spoken: ["1.0.0"],
    },
  ])("is what all speak: $answer", async ({ answer, spoken }) => {
    expect(await versions(answer)).toEqual({ cniVersion: "1.0.0", supportedVersions: spoken });
  });

  test.for(["echo '{}'", "echo hello", `echo '{"supportedVersions":[]}'`, `echo '{"supportedVersions":[1]}'`])(
    "%s is no answer",
    async (answer) => {
      await expect(versions(answer)).rejects.toMatchObject({ kind: "guestFailed" });
    },
  );

  test("is not known of a type that is not allowed", async () => {
    await expect(versions("exit 0", backendOf({ plugins: { bridge } }))).rejects.toMatchObject({
      kind: "unknownPlugin",
      details: expect.stringContaining("cnidaria legacy allow old") as string,
    });
  });
});
