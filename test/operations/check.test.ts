import { expect, test } from "vitest";
import { check } from "../../host/operations/check.ts";
import { version } from "../../host/operations/version.ts";
import { ATTACHMENT, LIST, PLUGINS, fakeBackend, input } from "./fake-backend.ts";

test("CHECK calls the plugins in order, each with the result of ADD", async () => {
  const backend = fakeBackend({ attachment: ATTACHMENT });
  await check(backend, input());
  expect(backend.calls.map((call) => [call.plugin.type, call.verb, call.previousResult])).toEqual([
    ["bridge", "check", ATTACHMENT.result],
    ["tuning", "check", ATTACHMENT.result],
  ]);
  expect(backend.ended).toMatchObject([{ outcome: "ok" }]);
});

test("CHECK stops at the first error", async () => {
  const backend = fakeBackend({
    attachment: ATTACHMENT,
    guests: { "bridge check": { err: { code: 130, message: "eth0 is gone" } } },
  });
  await expect(check(backend, input())).rejects.toMatchObject({ code: 130, message: "eth0 is gone" });
  expect(backend.calls).toHaveLength(1);
  expect(backend.ended).toMatchObject([{ outcome: "error" }]);
});

test("CHECK below 0.4.0 is refused", async () => {
  const backend = fakeBackend();
  await expect(check(backend, input({ network: { ...LIST, cniVersion: "0.3.1" } }))).rejects.toMatchObject({
    code: 1,
    message: 'configuration version "0.3.1" does not support the CHECK command',
  });
  expect(backend.begun).toEqual([]);
});

test.for([true, "true"])("disableCheck: %j: nothing is looked at", async (disableCheck) => {
  const backend = fakeBackend();
  expect(await check(backend, input({ network: { ...LIST, disableCheck } }))).toBeUndefined();
  expect(backend.begun).toEqual([]);
});

test("CHECK without a result of ADD is code 7", async () => {
  const backend = fakeBackend();
  await expect(check(backend, input())).rejects.toMatchObject({ code: 7 });
  expect(backend.ended).toMatchObject([{ outcome: "error" }]);
});

test("CHECK takes the result that the runtime brought", async () => {
  const network = { cniVersion: "1.0.0", name: "net", type: "tuning", prevResult: { cniVersion: "1.0.0" } };
  const backend = fakeBackend({ attachment: ATTACHMENT });
  await check(backend, input({ network }));
  expect(backend.calls[0]?.previousResult).toBe('{"cniVersion":"1.0.0"}');
});

test("CHECK of a plugin that is not installed is code 100", async () => {
  await expect(
    check(fakeBackend({ attachment: ATTACHMENT, plugins: { ...PLUGINS, bridge: null } }), input()),
  ).rejects.toMatchObject({ code: 100 });
});

test("VERSION is what every plugin speaks", () => {
  expect(version([], "1.0.0")).toEqual({
    cniVersion: "1.0.0",
    supportedVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
  });
  const spoken = [
    ["0.4.0", "1.0.0"],
    ["1.0.0", "1.1.0", "9.0.0"],
  ];
  expect(version(spoken, undefined).supportedVersions).toEqual(["1.0.0"]);
});
