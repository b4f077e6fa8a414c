/**
 * DEL always finishes: whatever the container or somebody else did meanwhile, and never takes what is another's. Runs in a node namespace of its
 * own: `npm test` makes it.
 */
import { afterAll, beforeAll, test } from "vitest";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { nodeEndOf } from "../support/ledger.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import { bridgeNetwork } from "./stage.ts";

let stage: TestHost;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local"] });
});
afterAll(() => stage[Symbol.asyncDispose]());

const vethName = (id: string): Promise<string> => nodeEndOf(stage.host, id);

/** What happens between ADD and DEL, and what is put right afterwards. */
const CASES: readonly {
  readonly title: string;
  readonly happens: (container: TestContainer, veth: string, other: TestContainer) => void;
  readonly after?: (veth: string) => void;
}[] = [
  {
    title: "the container gave its link another name",
    happens: (container) => {
      container.ip("link set eth0 down");
      container.ip("link set eth0 name mine0");
    },
  },
  {
    title: "its link was moved into another namespace",
    happens: (container, _veth, other) => void container.ip(`link set eth0 netns ${other.id}`),
  },
  {
    title: "somebody gave the node's end another name",
    happens: (_container, veth) => {
      run("ip", "link", "set", veth, "down");
      run("ip", "link", "set", veth, "name", "renamed0");
    },
  },
  {
    title: "another link has the name of the node's end: it stays",
    happens: (_container, veth) => {
      run("ip", "link", "del", veth);
      run("ip", "link", "add", veth, "type", "bridge");
    },
    after: (veth) => void run("ip", "link", "del", veth),
  },
];

test.for(CASES)("DEL leaves nothing: $title", async ({ happens, after }) => {
  const { host } = stage;
  const before = await snapshot(stage);
  const [container, other] = [createContainer(), createContainer()];
  const request = { network: bridgeNetwork(7), containerId: container.id, netns: container.netns, ifname: "eth0" };
  await host.add(request);
  const veth = await vethName(container.id);
  happens(container, veth, other);
  await host.del(request);
  after?.(veth);
  for (const each of [container, other]) each[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
