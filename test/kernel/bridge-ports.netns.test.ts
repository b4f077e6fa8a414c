import { expect, test } from "vitest";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { createNamespace } from "./namespaces.ts";

/** Most ports of a Linux bridge, with one number that is not given. Source: BR_MAX_PORTS, net/bridge/br_private.h. */
const BRIDGE_PORTS = 1023;

test("reports a bridge without a free port as EXFULL, and leaves nothing behind", () => {
  using node = createNamespace();
  using container = createNamespace();
  using links = Rtnetlink.open(node.netns);
  using inside = Rtnetlink.open(container.netns);
  links.createBridge({ name: "br0" });
  const masterIndex = links.getLink({ name: "br0" })?.index ?? 0;
  const create = (number: number): void =>
    links.createVeth({
      node: { name: `v${number}`, masterIndex },
      container: { name: `e${number}`, netns: container.netns },
    });
  for (let number = 0; number < BRIDGE_PORTS; number += 1) create(number);
  expect(() => create(BRIDGE_PORTS)).toThrow(expect.objectContaining({ name: "KernelError", errno: "EXFULL" }));
  expect(links.getLink({ name: `v${BRIDGE_PORTS}` })).toBeUndefined();
  expect(inside.getLink({ name: `e${BRIDGE_PORTS}` })).toBeUndefined();
  expect(links.listLinks({ max: 2000, masterIndex })).toHaveLength(BRIDGE_PORTS);
});
