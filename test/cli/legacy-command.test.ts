import { describe, expect, test } from "vitest";
import { runProgram } from "./run-program.ts";

const run = (args: readonly string[]) => runProgram("/nowhere", args);

describe("legacy", () => {
  test("allows and denies a type", async () => {
    const { asked, out } = await run(["legacy", "allow", "dhcp"]);
    expect(asked).toContainEqual(["allow", "dhcp"]);
    expect(out.join("\n")).toContain("unconfined");
    expect((await run(["legacy", "deny", "dhcp"])).asked).toContainEqual(["deny", "dhcp"]);
  });

  test("lists the allowed types, and says which of them a component serves", async () => {
    const { out } = await run(["legacy", "list"]);
    expect(out[1]).toMatch(/^dhcp +unconfined +1970-01-01/u);
    expect(out[2]).toMatch(/^bridge .*a component is installed/u);
    expect(JSON.parse((await run(["--json", "legacy", "list"])).out.join("\n"))).toHaveLength(2);
  });

  test("list shows as unconfined what executables serve", async () => {
    const { out } = await run(["list"]);
    expect(out.filter((line) => line.includes("unconfined"))).toEqual([
      expect.stringMatching(/^dhcp +executable +unconfined$/u),
    ]);
    expect(JSON.parse((await run(["--json", "list"])).out.join("\n"))).toMatchObject([
      { type: "dhcp", isolation: "unconfined" },
      { type: "bridge", isShadowed: true },
    ]);
  });
});
