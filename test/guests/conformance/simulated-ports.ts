/**
 * @module Ports of a node in memory, each of them one owner's.
 */
import type { PublishedPort } from "cnidaria:plugin/host-ports@0.1.0";

import { ImportFailure } from "../fakes.ts";

interface OwnedPort {
  readonly port: PublishedPort;
  readonly owner: string;
}

/** The ports. */
export class SimulatedPorts {
  #ports = new Map<string, OwnedPort>();

  /** Every port, a line each. */
  inventory(): string[] {
    return [...this.#ports].map(([key, { owner }]) => `port ${key} ${owner}`);
  }

  /** Gives a function that undoes everything since. */
  remember(): () => void {
    const state = structuredClone(this.#ports);
    return () => {
      this.#ports = state;
    };
  }

  /** Makes the interface `host-ports` of an owner. */
  importsFor(owner: string): Readonly<Record<string, unknown>> {
    const own = (): [string, OwnedPort][] => [...this.#ports].filter(([, each]) => each.owner === owner);
    return {
      publish: (ports: PublishedPort[]) => {
        if (ports.some((port) => (this.#ports.get(keyOf(port))?.owner ?? owner) !== owner))
          throw new ImportFailure("conflict");
        for (const port of ports) this.#ports.set(keyOf(port), { port, owner });
      },
      list: () => own().map(([, { port }]) => port),
      occupied: () => [],
      withdraw: () => own().forEach(([key]) => this.#ports.delete(key)),
    };
  }
}

function keyOf({ protocol, hostPort, containerAddress }: PublishedPort): string {
  return `${containerAddress.address.tag} ${protocol} ${hostPort}`;
}
