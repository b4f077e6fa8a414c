/**
 * @module Cases: who reaches whom without a port being published, and as whom.
 */
import { NOTHING } from "./tasks.ts";
import { attach, everyWay, expectAnswers } from "./scene.ts";
import type { PacketCase } from "./cases.ts";
import { PORT } from "./place.ts";
import type { Place } from "./place.ts";
import type { Family } from "./world.ts";

/** Has a container take an address; it is not used where another one is there. */
function take(container: Place, { bits }: Family, address: string): void {
  container.run("ip", "address", "add", `${address}/${bits}`, "dev", "eth0", "preferred_lft", "0");
}

export const CONNECTIONS: readonly PacketCase[] = [
  {
    title: "containers of one bridge reach each other, by their own addresses",
    run: async (scene) => {
      const { one, two } = scene.containers;
      await using first = await attach(scene, one, { bridge: { ipMasq: true } });
      await using second = await attach(scene, two, { bridge: { ipMasq: true } });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(one, second.at(family), { by: two, seenAs: first.at(family) }),
          ...everyWay(two, first.at(family), { by: one, seenAs: second.at(family) }),
        ]),
      );
    },
  },
  {
    title: "containers of two bridges reach each other, through the node",
    run: async (scene) => {
      const { one, two } = scene.containers;
      await using first = await attach(scene, one, { network: 1 });
      await using second = await attach(scene, two, { network: 2 });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(one, second.at(family), { by: two, seenAs: first.at(family) }),
          ...everyWay(two, first.at(family), { by: one, seenAs: second.at(family) }),
        ]),
      );
    },
  },
  {
    title: "the node reaches its containers",
    run: async (scene) => {
      const { one } = scene.containers;
      await using first = await attach(scene, one, { bridge: { ipMasq: true } });
      await expectAnswers(
        scene.families.flatMap((family) =>
          everyWay(scene.node, first.at(family), { by: one, seenAs: family.gateway(1) }),
        ),
      );
    },
  },
  {
    title: "without masquerading the outside sees the container's address, and reaches it",
    run: async (scene) => {
      const { containers, outside } = scene;
      await using first = await attach(scene, containers.one);
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(containers.one, family.outside, { by: outside, seenAs: first.at(family) }),
          ...everyWay(outside, first.at(family), { by: containers.one, seenAs: family.outside }),
        ]),
      );
    },
  },
  {
    title: "with masquerading the outside sees the node's address; a container without it is still seen as itself",
    run: async (scene) => {
      const { containers, outside } = scene;
      await using _first = await attach(scene, containers.one, { bridge: { ipMasq: true } });
      await using second = await attach(scene, containers.two, { network: 2 });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(containers.one, family.outside, { by: outside, seenAs: family.node }),
          ...everyWay(containers.two, family.outside, { by: outside, seenAs: second.at(family) }),
        ]),
      );
    },
  },
  {
    title: "an attachment's masquerading speaks of its own addresses, not of one that its container took",
    run: async (scene) => {
      const { containers, outside } = scene;
      const { one } = containers;
      await using first = await attach(scene, one, { bridge: { ipMasq: true } });
      const questions = scene.families.flatMap((family) => {
        const stolen = family.foreign(1);
        take(one, family, stolen);
        const question = { who: one, protocol: "tcp", address: family.outside, port: PORT } as const;
        return [
          { ...question, source: stolen, answer: `outside ${stolen}` },
          { ...question, source: first.at(family), answer: `outside ${family.node}` },
        ];
      });
      await expectAnswers(questions);
      await first.detach();
      await expectAnswers(scene.families.flatMap((family) => everyWay(outside, first.at(family), undefined)));
    },
  },
  {
    title: "where the node drops what it forwards, what containers with firewall begin goes through, and nothing else",
    run: async (scene) => {
      const { containers, outside, backend } = scene;
      const { one, two, three } = containers;
      await using first = await attach(scene, one, { firewall: {} });
      await using _other = await attach(scene, two, { network: 2 });
      await using third = await attach(scene, three, { firewall: {} });
      using _dropping = backend.dropForwarded();
      for (const family of scene.families) take(one, family, family.foreign(1));
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...everyWay(one, family.outside, { by: outside, seenAs: first.at(family) }),
          ...everyWay(two, family.outside, undefined),
          ...everyWay(outside, first.at(family), undefined),
          // Whose address nobody gave is nobody's to accept.
          {
            who: one,
            protocol: "tcp",
            address: family.outside,
            port: PORT,
            source: family.foreign(1),
            answer: NOTHING,
          } as const,
        ]),
      );
      await first.detach();
      await expectAnswers(
        scene.families.flatMap((family) => everyWay(three, family.outside, { by: outside, seenAs: third.at(family) })),
      );
    },
  },
];
