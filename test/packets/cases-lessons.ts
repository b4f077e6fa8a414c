/**
 * @module Cases: what published vulnerabilities of others teach, each by real packets.
 */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { PacketCase } from "./cases.ts";
import { OTHER_PORT } from "./place.ts";
import type { Place } from "./place.ts";
import { TCP, UDP, attach, expectAnswers } from "./scene.ts";
import type { Question } from "./scene.ts";
import { NOTHING } from "./tasks.ts";

const ask = (who: Place, protocol: "tcp" | "udp", address: string, answer: string): Question => ({
  who,
  protocol,
  address,
  port: OTHER_PORT,
  answer,
});
const both = (who: Place, address: string, answer: string): Question[] => [
  ask(who, "tcp", address, answer),
  ask(who, "udp", address, answer),
];

/** Whether the node knows a flow from a port of somebody's. */
const isRemembered = (from: number): boolean =>
  readFileSync("/proc/net/nf_conntrack", "utf8").includes(` sport=${from} dport=${OTHER_PORT} `);

export const LESSONS: readonly PacketCase[] = [
  {
    // CVE-2025-67499.
    title: "what goes through the node to somebody else's port of the same number is not captured",
    run: async (scene) => {
      const { containers, outside, beyond } = scene;
      const { one, two } = containers;
      await using first = await attach(scene, one, { ports: [TCP, UDP] });
      await using second = await attach(scene, two, { network: 2 });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...both(outside, family.beyond, `beyond ${family.outside}`),
          ...both(beyond, family.outside, `outside ${family.beyond}`),
          ...both(outside, second.at(family), `two ${family.outside}`),
          ...both(one, family.outside, `outside ${first.at(family)}`),
          ...both(one, second.at(family), `two ${first.at(family)}`),
          ...both(two, family.beyond, `beyond ${second.at(family)}`),
          ...both(outside, family.node, `one ${family.outside}`),
        ]),
      );
    },
  },
  {
    // CVE-2019-9946.
    title: "what the node itself sends elsewhere goes on going there, and comes to the container when it does not",
    run: async (scene) => {
      const { containers, outside } = scene;
      for (const family of scene.families) {
        const taken = ask(outside, "tcp", family.node, `beyond ${family.outside}`);
        const published = ask(outside, "tcp", family.node, `one ${family.outside}`);
        const own = scene.backend.takePort(family, OTHER_PORT, family.beyond);
        try {
          await expectAnswers([taken]);
          await using _first = await attach(scene, containers.one, { ports: [TCP, UDP] });
          await expectAnswers([taken, ask(outside, "udp", family.node, `one ${family.outside}`)]);
          own[Symbol.dispose]();
          await expectAnswers([published]);
        } finally {
          own[Symbol.dispose]();
        }
      }
    },
  },
  {
    title: "a UDP flow that goes on goes to whoever has the port now, and flows to others are not forgotten",
    run: async (scene) => {
      const { containers, outside } = scene;
      const { one, two } = containers;
      for (const family of scene.families) {
        const flow = { ...ask(outside, "udp", family.node, `one ${family.outside}`), from: 4000 };
        const passing = { ...ask(outside, "udp", family.beyond, `beyond ${family.outside}`), from: 4001 };
        const first = await attach(scene, one, { ports: [UDP] });
        await expectAnswers([flow, passing]);
        await first.detach();
        expect([isRemembered(4000), isRemembered(4001)]).toEqual([false, true]);
        // To the node itself: a flow that nothing translates, until the port is published.
        await expectAnswers([{ ...flow, answer: NOTHING }]);
        const second = await attach(scene, two, { ports: [UDP] });
        await expectAnswers([{ ...flow, answer: `two ${family.outside}` }]);
        expect(isRemembered(4001)).toBe(true);
        await second.detach();
      }
    },
  },
];
