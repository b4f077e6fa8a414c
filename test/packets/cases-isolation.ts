/**
 * @module Cases: which containers are kept apart.
 */
import type { PacketCase } from "./cases.ts";
import { attach, everyWay, expectAnswers } from "./scene.ts";

export const ISOLATION: readonly PacketCase[] = [
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
