import { expect, test } from "vitest";
import type { Grant } from "../../host/grants/grant.ts";
import { missingFeatures } from "../../host/helper/features.ts";
import type { NodeSide } from "../../host/helper/state.ts";
import { KernelError } from "../../host/kernel/error.ts";

const grant = (capabilities: object): Grant => ({ capabilities }) as unknown as Grant;
const EVERYTHING = grant({
  "container-links": { kinds: ["veth"] },
  "node-links": { bridges: ["cni0"] },
  masquerade: {},
});

const SHAPING = grant({ shaping: { rates: [{ call: "bandwidth" }] } });

/** A machine that has some kinds of links, lacks some parts of traffic control, and writes down what it is asked. */
function machine(kinds: readonly string[], missing: readonly string[] = []) {
  const asked: string[] = [];
  const node = {
    rtnetlink: {
      hasLinkKind(kind: string): boolean {
        asked.push(kind);
        return kinds.includes(kind);
      },
    },
    conntrack: () => {
      throw new Error("not asked");
    },
    shaper: () => ({ missing: () => missing }),
    nftables: () => {
      asked.push("nftables");
      throw new KernelError("ENOSYS", "load libnftables", "libnftables.so.1 is not installed");
    },
  } as unknown as NodeSide;
  return { asked, node };
}

const VETH = 'links of kind veth, which "container-links" needs: the kernel knows no links of kind veth';
const MASQUERADE = expect.stringMatching(/^masquerading by nftables, which "masquerade" needs: .*is not installed/u);

test.for<{ title: string; grant: Grant; kinds: readonly string[]; unused: readonly string[]; missing: unknown[] }>([
  { title: "what the kernel lacks", grant: EVERYTHING, kinds: ["bridge"], unused: [], missing: [VETH, MASQUERADE] },
  { title: "not what is not used", grant: EVERYTHING, kinds: ["bridge", "veth"], unused: ["masquerade"], missing: [] },
  { title: "not what is not granted", grant: grant({ leases: {} }), kinds: [], unused: [], missing: [] },
  {
    title: "not what the scopes leave out",
    grant: grant({ "container-links": { kinds: [] }, "node-links": { bridges: [] } }),
    kinds: [],
    unused: [],
    missing: [],
  },
])("lists $title", ({ grant: granted, kinds, unused, missing }) => {
  expect(missingFeatures(machine(kinds).node, granted, unused)).toEqual(missing);
});

test.for([
  { title: "nothing of what is there", kinds: ["ifb"], missing: [], expected: [] },
  {
    title: "what rates are made of",
    kinds: [],
    missing: ["queueing discipline tbf", "action mirred"],
    expected: [
      'links of kind ifb, which "shaping" needs: the kernel knows no links of kind ifb',
      'limits of rates, which "shaping" needs: the kernel knows no queueing discipline tbf, no action mirred',
    ],
  },
])("lists $title", ({ kinds, missing, expected }) => {
  expect(missingFeatures(machine(kinds, missing).node, SHAPING, [])).toEqual(expected);
});

test("does not look for what rates are made of where none is granted", () => {
  expect(missingFeatures(machine([]).node, grant({ shaping: { rates: [] } }), [])).toEqual([]);
});

test("what was there is not looked for again, what was not is", () => {
  const { node, asked } = machine(["bridge"]);
  missingFeatures(node, EVERYTHING, []);
  missingFeatures(node, EVERYTHING, []);
  expect(asked).toEqual(["veth", "bridge", "nftables", "veth", "nftables"]);
});

test.for([
  { supported: true, missing: [] },
  {
    supported: false,
    missing: ['policy routing, which "container-rules" needs: the kernel has no routing policy rules'],
  },
])("policy routing that is there: $supported", ({ supported, missing }) => {
  const node = { rtnetlink: { rules: { isSupported: () => supported } } } as unknown as NodeSide;
  expect(missingFeatures(node, grant({ "container-rules": { tables: [] } }), [])).toEqual(missing);
});
