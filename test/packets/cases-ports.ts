/**
 * @module Cases: published ports, from everywhere that is told of the node.
 */
import { expect } from "vitest";
import { failureOf } from "../support/snapshot.ts";
import type { PacketCase } from "./cases.ts";
import { OTHER_PORT } from "./place.ts";
import type { Place } from "./place.ts";
import { TCP, UDP, attach, expectAnswers, requestOf } from "./scene.ts";
import type { Question } from "./scene.ts";
import { NOTHING } from "./tasks.ts";
import { SECRET_PORT, V4 } from "./world.ts";
import type { Family } from "./world.ts";

/** Both of them. */
const PORTS = [TCP, UDP];

/** Somebody asks an address on the published port, over TCP and UDP. */
const both = (who: Place, address: string, answer: string): Question[] =>
  (["tcp", "udp"] as const).map((protocol) => ({ who, protocol, address, port: OTHER_PORT, answer }));
const tcp = (who: Place, address: string, answer: string): Question => ({
  who,
  protocol: "tcp",
  address,
  port: OTHER_PORT,
  answer,
});

export const PUBLISHED: readonly PacketCase[] = [
  {
    title: "a published port is reached from outside and from the node, by each of the node's addresses, until DEL",
    run: async (scene) => {
      const { containers, outside, beyond, node } = scene;
      await using one = await attach(scene, containers.one, { ports: PORTS });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...both(outside, family.node, `one ${family.outside}`),
          ...both(outside, family.second, `one ${family.outside}`),
          ...both(beyond, family.node, `one ${family.beyond}`),
          tcp(node, family.node, `one ${family.node}`),
        ]),
      );
      await scene.subject.host.check(one.request);
      await one.detach();
      await expectAnswers(scene.families.flatMap((family) => both(outside, family.node, NOTHING)));
    },
  },
  {
    title: "a published port is reached from the node by 127.0.0.1, and nothing else of 127.0.0.1 from a container",
    needs: V4,
    run: async (scene) => {
      const { containers, node } = scene;
      const { one, two } = containers;
      await using _first = await attach(scene, one, { ports: PORTS });
      await using _second = await attach(scene, two);
      await expectAnswers([...both(node, "127.0.0.1", `one ${V4.gateway(1)}`)]);
      const secret = { protocol: "tcp", address: "127.0.0.1", port: SECRET_PORT } as const;
      // What `route_localnet` would let a neighbour do.
      two.run("ip", "address", "del", "127.0.0.1/8", "dev", "lo");
      two.run("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
      two.run("ip", "route", "add", "127.0.0.0/8", "via", V4.gateway(1));
      try {
        await expectAnswers([
          { who: node, ...secret, answer: "secret 127.0.0.1" },
          { who: two, ...secret, answer: NOTHING },
        ]);
      } finally {
        two.run("ip", "route", "del", "127.0.0.0/8");
        two.run("ip", "address", "add", "127.0.0.1/8", "dev", "lo");
      }
    },
  },
  {
    title: "a published port is reached by its own container, by one beside it and by one of another bridge",
    run: async (scene) => {
      const { one, two, three } = scene.containers;
      await using _first = await attach(scene, one, { ports: PORTS });
      await using _second = await attach(scene, two);
      await using third = await attach(scene, three, { network: 2 });
      await expectAnswers(
        scene.families.flatMap((family) => [
          ...both(one, family.node, `one ${family.gateway(1)}`),
          ...both(one, family.gateway(1), `one ${family.gateway(1)}`),
          ...both(two, family.node, `one ${family.gateway(1)}`),
          ...both(three, family.node, `one ${third.at(family)}`),
        ]),
      );
    },
  },
  {
    title:
      "a port of one address of the node is a port of that one alone, and another container may have it on another",
    run: async (scene) => {
      const { containers, outside } = scene;
      for (const family of scene.families) {
        const on = (hostIP: string) => ({ ports: PORTS.map((port) => ({ ...port, hostIP })) });
        await using first = await attach(scene, containers.one, on(family.node));
        await expectAnswers([
          ...both(outside, family.node, `one ${family.outside}`),
          ...both(outside, family.second, NOTHING),
        ]);
        await using second = await attach(scene, containers.two, on(family.second));
        await expectAnswers(both(outside, family.second, `two ${family.outside}`));
        await first.detach();
        await expectAnswers([
          ...both(outside, family.node, NOTHING),
          ...both(outside, family.second, `two ${family.outside}`),
        ]);
        await second.detach();
      }
    },
  },
  {
    title: "a port is reserved: whoever asks for it later is told who has it, and it goes on leading there",
    run: async (scene) => {
      const { containers, outside, subject } = scene;
      await using first = await attach(scene, containers.one, { ports: PORTS });
      const claim = requestOf(scene, containers.two, { network: 2, ports: PORTS });
      const failure = await failureOf(subject.host.add(claim));
      expect(failure).toMatchObject({ code: 109 });
      expect(failure.text).toContain(`container ${String(first.request.containerId)} in network "packets1"`);
      await expectAnswers(scene.families.flatMap((family) => both(outside, family.node, `one ${family.outside}`)));
    },
  },
  {
    title: "without snat the container sees who asked from outside; with masqAll it sees the node",
    run: async (scene) => {
      const { containers, outside } = scene;
      const seen = (as: (family: Family) => string): Promise<void> =>
        expectAnswers(scene.families.flatMap((family) => both(outside, family.node, `one ${as(family)}`)));
      {
        await using _plain = await attach(scene, containers.one, { ports: PORTS, portmap: { snat: false } });
        await seen(({ outside: address }) => address);
      }
      await using _masked = await attach(scene, containers.one, { ports: PORTS, portmap: { masqAll: true } });
      await seen(({ gateway }) => gateway(1));
    },
  },
];
