/**
 * @module Settings and attributes of links of the simulated container, with what was replaced.
 */
import type { LinkChanges } from "cnidaria:plugin/container-link-attributes@0.1.0";
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { Setting } from "cnidaria:plugin/container-sysctls@0.1.0";

import { ImportFailure } from "../fakes.ts";
import type { TestImports } from "../instantiate.ts";

/** A value that an attachment has put another one in place of. */
interface Replaced {
  readonly owner: string;
  /** The link, or the setting. */
  readonly name: string;
  readonly value: string | LinkInfo;
}

/** What of a container is tuned. */
export class SimulatedTuning {
  #settings = new Map([["net.core.somaxconn", "4096"]]);
  #replaced: Replaced[] = [];
  readonly #link: (name: string) => LinkInfo;

  /** `link`: gives a link of the container, as an object to be changed. */
  constructor(link: (name: string) => LinkInfo) {
    this.#link = link;
  }

  inventory(): string[] {
    return [...this.#settings].map(([name, value]) => `setting ${name} ${value}`);
  }

  /** Gives a function that undoes everything since, but for the links. */
  remember(): () => void {
    const state = structuredClone([this.#settings, this.#replaced] as const);
    return () => {
      [this.#settings, this.#replaced] = state;
    };
  }

  /** Answers the imports of one attachment. */
  importsFor(owner: string): TestImports {
    return {
      "container-link-attributes": {
        set: (_container: unknown, name: string, changes: LinkChanges) => {
          const info = this.#link(name);
          this.#replaced.push({ owner, name, value: { ...info } });
          const meant = Object.entries(changes).filter(([, value]) => value !== undefined);
          return Object.assign(info, Object.fromEntries(meant));
        },
        restore: (_container: unknown, name: string) => {
          this.#link(name);
          this.putBack(owner, ({ value }) => typeof value !== "string");
        },
      },
      "container-sysctls": {
        set: (_container: unknown, settings: Setting[]) => {
          for (const { name, value } of settings) {
            this.#replaced.push({ owner, name, value: this.#valueOf(name) });
            this.#settings.set(name, value);
          }
        },
        get: (_container: unknown, names: string[]) => names.map((name) => ({ name, value: this.#valueOf(name) })),
      },
    };
  }

  /** Puts back what an attachment, or everybody, has replaced, last first. */
  putBack(owner?: string, isMeant: (replaced: Replaced) => boolean = () => true): void {
    for (let index = this.#replaced.length - 1; index >= 0; index -= 1) {
      const replaced = this.#replaced[index];
      if (replaced !== undefined && (owner ?? replaced.owner) === replaced.owner && isMeant(replaced))
        this.#putBackOne(index);
    }
  }

  /** One that was replaced again since is that one's to put back. */
  #putBackOne(index: number): void {
    const [replaced] = this.#replaced.splice(index, 1);
    if (replaced === undefined) return;
    const { name, value } = replaced;
    const later = this.#replaced.find((each, at) => at >= index && each.name === name);
    if (later !== undefined) Object.assign(later, { value });
    else if (typeof value === "string") this.#settings.set(name, value);
    else Object.assign(this.#link(name), value);
  }

  #valueOf(name: string): string {
    const value = this.#settings.get(name);
    if (value === undefined) throw new ImportFailure("not-permitted");
    return value;
  }
}
