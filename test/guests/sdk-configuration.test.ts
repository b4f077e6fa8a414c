import { describe, expect, test } from "vitest";

import { type Fields, parseConfiguration } from "../../guests/sdk/configuration.ts";
import { readDns } from "../../guests/sdk/dns.ts";
import { readRoutes } from "../../guests/sdk/routes.ts";
import { checkRoomForAddresses, isOlderThan } from "../../guests/sdk/version.ts";
import { failureOf } from "./fakes.ts";
import { cidr, ip } from "./requests.ts";

const fieldsOf = (value: unknown): Fields => parseConfiguration(JSON.stringify(value));

describe("keys", () => {
  test("match whatever their case, and the last one counts", () => {
    expect(fieldsOf({ ISGATEWAY: true }).flag("isGateway")).toBe(true);
    expect(parseConfiguration('{"bridge":"a","Bridge":"b"}').text("bridge")).toBe("b");
    expect(parseConfiguration('{"Bridge":"b","bridge":"a"}').text("bridge")).toBe("a");
  });

  test("that are null are absent", () => {
    const fields = fieldsOf({ a: null });
    expect([fields.has("a"), fields.flag("a"), fields.text("a"), fields.object("a"), fields.objects("a")]).toEqual([
      false,
      false,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("of Object itself are no fields", () => {
    expect(fieldsOf({}).raw("toString")).toBeUndefined();
    expect(fieldsOf({}).raw("__proto__")).toBeUndefined();
  });
});

describe("values", () => {
  const bounds = { minimum: 0, maximum: 10 };
  const WRONG: readonly {
    title: string;
    value: unknown;
    read: (fields: Fields) => unknown;
    code: number;
    names: string;
  }[] = [
    {
      title: "a text for a flag",
      value: "true",
      read: (f) => f.flag("x"),
      code: 6,
      names: 'x: want true or false, got "true"',
    },
    { title: "a number for a text", value: 5, read: (f) => f.text("x"), code: 6, names: "x: want a string, got 5" },
    {
      title: "a text for a number",
      value: "5",
      read: (f) => f.integer("x", bounds),
      code: 6,
      names: "want a whole number",
    },
    { title: "a fraction", value: 1.5, read: (f) => f.integer("x", bounds), code: 6, names: "got 1.5" },
    {
      title: "a number out of bounds",
      value: 11,
      read: (f) => f.integer("x", bounds),
      code: 7,
      names: "from 0 to 10, got 11",
    },
    { title: "an object for a list", value: {}, read: (f) => f.objects("x"), code: 6, names: "x: want a list, got {}" },
    {
      title: "a list for an object",
      value: [],
      read: (f) => f.object("x"),
      code: 6,
      names: "x: want an object, got []",
    },
    {
      title: "a number in a list of texts",
      value: ["a", 1],
      read: (f) => f.texts("x"),
      code: 6,
      names: "x[1]: want a string",
    },
    {
      title: "null in a list of objects",
      value: [null],
      read: (f) => f.objects("x"),
      code: 6,
      names: "x[0]: want an object, got null",
    },
    {
      title: "an object in a list of lists",
      value: [{}],
      read: (f) => f.objectLists("x"),
      code: 6,
      names: "x[0]: want a list",
    },
    {
      title: "a list too deep",
      value: [[1]],
      read: (f) => f.objectLists("x"),
      code: 6,
      names: "x[0][0]: want an object, got 1",
    },
    { title: "a text that is no address", value: "10.1", read: (f) => f.address("x"), code: 7, names: 'got "10.1"' },
    { title: "an address that is a number", value: 10, read: (f) => f.address("x"), code: 6, names: "want a string" },
    {
      title: "an address without a prefix",
      value: "10.1.0.1",
      read: (f) => f.prefix("x"),
      code: 7,
      names: "want an address with a prefix length",
    },
    {
      title: "a text that is no hardware address",
      value: "zz",
      read: (f) => f.mac("x"),
      code: 7,
      names: "want a hardware address",
    },
  ];

  test.for(WRONG)("refuses $title with code $code", ({ value, read, code, names }) => {
    const failure = failureOf(() => read(fieldsOf({ x: value })));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(names);
  });

  test("are read", () => {
    const fields = fieldsOf({ a: "10.1.0.7", p: "10.1.0.7/16", m: "0a:58:0a:01:00:07", n: 3, l: ["x"], e: "" });
    expect(fields.address("a")).toEqual(ip("10.1.0.7"));
    expect(fields.prefix("p")).toEqual(cidr("10.1.0.7/16"));
    expect(fields.mac("m")).toEqual([0x0a, 0x58, 0x0a, 0x01, 0x00, 0x07]);
    expect(fields.integer("n", bounds)).toBe(3);
    expect(fields.texts("l")).toEqual(["x"]);
    expect(fields.text("e")).toBeUndefined();
  });

  test("an error names the path and cuts what is long", () => {
    const { message } = failureOf(() =>
      fieldsOf({ a: { b: [{ c: "x".repeat(500) }] } })
        .object("a")
        ?.objects("b")?.[0]
        ?.flag("c"),
    );
    expect(message).toMatch(/^a\.b\[0\]\.c: want true or false, got "x{79}…$/u);
  });
});

describe("configurations", () => {
  test.for(["", "{", "[]", "null", '"text"', "1"])("%j is none", (text) => {
    expect(failureOf(() => parseConfiguration(text)).code).toBe(6);
  });
});

describe("unsupported fields", () => {
  test.for([undefined, null, false, 0])("%j asks for nothing", (value) => {
    expect(() => fieldsOf({ vlan: value }).refuse("vlan", "not implemented")).not.toThrow();
  });

  test.for([true, 100, "100", [], {}, ""])("%j is refused, with key and value", (value) => {
    const failure = failureOf(() => fieldsOf({ Vlan: value }).refuse("vlan", "not implemented"));
    expect(failure).toMatchObject({
      code: 2,
      message: `vlan: ${JSON.stringify(value)} is not supported: not implemented`,
    });
  });
});

describe("dns", () => {
  test("without any field is absent", () => {
    expect(readDns(fieldsOf({}))).toBeUndefined();
    expect(readDns(fieldsOf({ dns: {} }))).toBeUndefined();
    expect(readDns(fieldsOf({ dns: { domain: "" } }))).toBeUndefined();
  });

  test("with an empty list is there", () => {
    expect(readDns(fieldsOf({ dns: { search: [] } }))).toEqual({
      nameservers: [],
      domain: undefined,
      search: [],
      options: [],
    });
  });
});

describe("routes", () => {
  test("are read in order, with every field", () => {
    const routes = readRoutes(
      fieldsOf({
        routes: [
          { dst: "0.0.0.0/0" },
          { dst: "::/0", gw: "::1", mtu: 1400, advmss: 1360, priority: 5, table: 0, scope: 253 },
        ],
      }),
    );
    expect(routes[0]).toEqual({ destination: cidr("0.0.0.0/0") });
    expect(routes[1]).toEqual({
      destination: cidr("::/0"),
      gateway: ip("::1"),
      mtuBytes: 1400,
      advmssBytes: 1360,
      priority: 5,
      table: 0,
      scope: 253,
    });
  });

  test("without a destination are refused", () => {
    expect(failureOf(() => readRoutes(fieldsOf({ routes: [{ gw: "10.0.0.1" }] })))).toMatchObject({
      code: 7,
      message: "routes[0].dst: want a destination, got none",
    });
  });
});

describe("versions", () => {
  test.for([
    ["0.2.0", "0.3.0", true],
    ["0.3.0", "0.3.0", false],
    ["0.10.0", "0.3.0", false],
    ["1.1.0", "0.3.0", false],
    ["0.1", "0.3.0", true],
  ] as const)("%s is older than %s: %s", ([version, other, older]) => {
    expect(isOlderThan(version, other)).toBe(older);
  });

  test("before 0.3.0 have room for one address of each family", () => {
    expect(() => checkRoomForAddresses("0.2.0", ["ipv4", "ipv6"])).not.toThrow();
    expect(failureOf(() => checkRoomForAddresses("0.2.0", ["ipv4", "ipv6", "ipv6"])).code).toBe(7);
    expect(() => checkRoomForAddresses("0.3.0", ["ipv4", "ipv4"])).not.toThrow();
  });
});
