/**
 * @module What plugins answered when they were asked about a network, for as long as nothing changed that the answer rests on.
 */

import type { CniError } from "../spec/error.ts";

/** Answers that are kept. Runtimes ask about few networks, over and over. */
const ANSWERS_MAX = 256;

/** What a plugin is asked. */
export interface Question {
  /** Component, export and configuration: another text is another question. */
  readonly text: string;
  /** What the answer rests on besides; `undefined`: nobody knows, so that the answer is not kept. */
  readonly basis: string | undefined;
}

/** The answer: an error, or `undefined`: all is well. */
export interface Answer {
  readonly error: CniError | undefined;
}

/** Answers by question. Outlives helpers and sandboxes. */
export class KnownAnswers {
  readonly #answers = new Map<string, Answer & { readonly basis: string }>();

  /** Gives the answer if it still holds; `undefined`: the plugin has to be asked. */
  find({ text, basis }: Question): Answer | undefined {
    const known = this.#answers.get(text);
    return known !== undefined && known.basis === basis ? known : undefined;
  }

  /** Keeps an answer. `question` was put together before the plugin was asked: a change in between is not missed. */
  keep({ text, basis }: Question, { error }: Answer): void {
    this.#answers.delete(text);
    if (basis === undefined) return;
    this.#answers.set(text, { basis, error });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > ANSWERS_MAX && oldest !== undefined) this.#answers.delete(oldest);
  }
}
