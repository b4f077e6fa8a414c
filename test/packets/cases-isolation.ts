/**
 * @module Cases: which containers are kept apart.
 */
import type { PacketCase } from "./cases.ts";
import type { Place } from "./place.ts";
import { attach, everyWay, expectAnswers } from "./scene.ts";

/** Has a container send under another hardware address; gives the one that it had. */
function changeMac(container: Place, mac: string): string {
  const [, before = ""] = /link\/ether (\S+)/u.exec(container.run("ip", "link", "show", "dev", "eth0")) ?? [];
  container.run("ip", "link", "set", "eth0", "address", mac);
  return before;
}

export const ISOLATION: readonly PacketCase[] = [
  {
    title:
      "with macspoofchk a container that sends under another hardware address is cut off, and one without it is not",
    run: async (scene) => {
      const { containers, outside } = scene;
      const { one, two } = containers;
      await using guarded = await attach(scene, one, { bridge: { macspoofchk: true } });
      await using free = await attach(scene, two, { network: 2 });
      const everywhere = (isOneHeard: boolean): Promise<void> =>
        expectAnswers(
          scene.families.flatMap((family) => [
            ...everyWay(one, family.outside, isOneHeard ? { by: outside, seenAs: guarded.at(family) } : undefined),
            ...everyWay(two, family.outside, { by: outside, seenAs: free.at(family) }),
          ]),
        );
      await everywhere(true);
      const own = changeMac(one, "02:00:00:00:00:01");
      changeMac(two, "02:00:00:00:00:02");
      await everywhere(false);
      changeMac(one, own);
      await everywhere(true);
    },
  },
  {
    title: "same-bridge keeps the containers of its bridges apart, and neither neighbours nor the rest of the world",
    run: async (scene) => {
      const { one, two, three } = scene.containers;
      const firewall = { ingressPolicy: "same-bridge" };
      await using first = await attach(scene, one, { firewall });
      await using beside = await attach(scene, two, { firewall });
      await using other = await attach(scene, three, { network: 2, firewall });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(one, beside.at(family), { by: two, seenAs: first.at(family) }),
          ...everyWay(one, other.at(family), undefined),
          ...everyWay(three, first.at(family), undefined),
          ...everyWay(one, family.outside, { by: scene.outside, seenAs: first.at(family) }),
          ...everyWay(scene.outside, first.at(family), { by: one, seenAs: family.outside }),
          ...everyWay(scene.node, first.at(family), { by: one, seenAs: family.gateway(1) }),
        ]),
      );
    },
  },
  {
    title: "same-bridge does not keep a bridge with an open policy away",
    run: async (scene) => {
      const { one, two } = scene.containers;
      await using first = await attach(scene, one, { firewall: { ingressPolicy: "same-bridge" } });
      await using free = await attach(scene, two, { network: 2, firewall: { ingressPolicy: "open" } });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(one, free.at(family), { by: two, seenAs: first.at(family) }),
          ...everyWay(two, first.at(family), { by: one, seenAs: free.at(family) }),
        ]),
      );
    },
  },
  {
    title: "isolated keeps neighbours apart as well",
    run: async (scene) => {
      const { one, two, three } = scene.containers;
      await using first = await attach(scene, one, { firewall: { ingressPolicy: "isolated" } });
      await using beside = await attach(scene, two, { firewall: { ingressPolicy: "isolated" } });
      await using other = await attach(scene, three, { network: 2, firewall: { ingressPolicy: "same-bridge" } });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(one, beside.at(family), undefined),
          ...everyWay(one, other.at(family), undefined),
          ...everyWay(three, first.at(family), undefined),
          ...everyWay(one, family.outside, { by: scene.outside, seenAs: first.at(family) }),
          ...everyWay(scene.node, first.at(family), { by: one, seenAs: family.gateway(1) }),
        ]),
      );
    },
  },
];
