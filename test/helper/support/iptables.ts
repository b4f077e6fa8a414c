/**
 * @module Attachments that iptables keeps rules for, in a node of a test's own.
 */
import { expect } from "vitest";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { delWithoutPlugin } from "./bench.ts";
import { CAPABILITIES, addAll, addOf, expectNothingLeft, prefix, testNamespace } from "./cases.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "./helper.ts";
import type { TestHelper, TestOperation, TestSandbox } from "./helper.ts";
import { installTestPlugin } from "./plugin.ts";

export type Ask = readonly [operation: string, ...args: unknown[]];

export const VARIANTS = ["iptables-nft", "iptables-legacy"] as const;
export type Variant = (typeof VARIANTS)[number];
const BACKENDS = { backends: ["nftables", "iptables"] };
export const GRANTED = {
  ...CAPABILITIES,
  masquerade: BACKENDS,
  "forward-rules": { isolation: ["same-bridge", "isolated"], ...BACKENDS },
  "host-ports": { ports: [{ first: 8000, last: 8999 }], ...BACKENDS },
};

/** Of the third subnet: `addAll` masquerades the address itself by nftables. */
export const SIXTH = {
  address: { tag: "ipv6", val: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2] },
  prefixLength: 64,
} as const;

export interface Scene {
  readonly node: TestNamespace;
  readonly container: TestNamespace;
  readonly stateDir: string;
  readonly digest: `sha256:${string}`;
}

export function newScene(capabilities: object = GRANTED): Scene {
  const stateDir = temporaryStateDir();
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: { ...capabilities } });
  return { node: testNamespace(), container: testNamespace(), stateDir, digest };
}

export const start = ({ stateDir, node }: Scene, die?: string): Promise<TestHelper> =>
  startTestHelper({ stateDir, nodePath: node.path, die });

/** What rules and chains of ours, and of others, there are. */
export function saved({ node }: Scene, variant: Variant, family: "iptables" | "ip6tables" = "iptables"): string[] {
  const text = node.run(`${variant.replace("iptables", family)}-save`);
  return text.split("\n").filter((line) => /^-A|^:CNIDARIA/u.test(line));
}

export function everywhere(scene: Scene): string[] {
  return VARIANTS.flatMap((variant) => [...saved(scene, variant), ...saved(scene, variant, "ip6tables")]);
}

export const asks = (filter: string | undefined, last = 2): Ask[] => [
  ["masquerade.set", [prefix(last)], filter],
  ["forward-rules.allow", [prefix(last).address], filter],
  ["forward-rules.isolate", "cni0", "same-bridge", filter],
];

/** A port of every address of the node. */
export const portOf = (hostPort: number, last = 2, protocol = "tcp"): object => ({
  protocol,
  hostPort,
  containerAddress: prefix(last),
  containerPort: 80,
});

export const CONDITIONS = {
  incomingLink: "cni0",
  sources: [prefix(0)],
  excludedSources: [],
  destinations: [],
  excludedDestinations: [],
};

/** A container in the middle of its ADD, on the bridge. */
export async function begin(
  helper: TestHelper,
  { digest, container }: Scene,
  given: { id?: string; last?: number; netns?: string; type?: string } = {},
): Promise<[TestSandbox, TestOperation]> {
  const { id = "c1", last = 2, netns = container.path, type = "bridge" } = given;
  const sandbox = await startTestSandbox(helper, digest);
  const previousResult = { ips: [{ address: `10.1.0.${last}/24` }, { address: "2001:db8::2/64" }] };
  const adding = await beginTestOperation(helper, sandbox, {
    ...addOf(netns, last),
    type,
    previousResult,
    containerId: id,
  });
  await addAll(sandbox, adding, last);
  expect(await sandbox.ask("masquerade.remove")).toEqual({ ok: null });
  return [sandbox, adding];
}

export async function add(helper: TestHelper, scene: Scene, filter: string | undefined): Promise<TestOperation> {
  const [sandbox, adding] = await begin(helper, scene);
  for (const ask of asks(filter)) expect({ ask, ...(await sandbox.ask(...ask)) }).toHaveProperty("ok");
  await adding.endCall();
  return adding;
}

/** And a port, with what goes with it. */
export async function addWithPort(helper: TestHelper, scene: Scene): Promise<TestOperation> {
  const [sandbox, adding] = await begin(helper, scene);
  const options = { sourceTranslation: "local", packetFilter: "iptables", conditionsV4: CONDITIONS };
  expect(await sandbox.ask("host-ports.publish", [portOf(8080), portOf(8053, 2, "udp")], options)).toEqual({
    ok: null,
  });
  await adding.endCall();
  return adding;
}

/** Does an ADD whose helper dies, then a whole one with the next helper, and expects that a DEL leaves nothing of either. */
export async function expectNothingAfterDeath(
  die: string,
  addTo: (helper: TestHelper, scene: Scene) => Promise<TestOperation>,
): Promise<void> {
  const scene = newScene();
  const dying = await start(scene, die);
  await expect(addTo(dying, scene).then((adding) => adding.end())).rejects.toThrow();
  await dying.exited;
  expect(dying.stderr()).toContain(`reached ${die}`);
  const next = await start(scene);
  await delWithoutPlugin(next);
  expectNothingLeft(scene.node);
  expect(everywhere(scene)).toEqual([]);
  // And the next one can have all of it.
  await (await addTo(next, scene)).end();
  expect(await delWithoutPlugin(next)).toEqual([]);
  expect(everywhere(scene)).toEqual([]);
  await next.close();
}
