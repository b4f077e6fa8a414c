/**
 * @module Puts `Math.random` on the `random` import. Import it for its effect, `import "../sdk/random.ts"`, in a plugin whose world imports
 * `random`: without it `Math.random` repeats in every call, because its state is part of the component.
 */
import { bytes } from "cnidaria:plugin/random@0.1.0";

/** Bytes of the generator's seed. */
const SEED_BYTES = 16;

/** State of the generator in this instance; `undefined` until the first number is asked for, so that nothing is fixed at build time. */
let state: Uint32Array | undefined;

Math.random = () => {
  state ??= seed();
  // 53 bits, as many as a fraction has: 26 of one word, 27 of the next.
  return ((nextWord(state) >>> 6) * 2 ** 27 + (nextWord(state) >>> 5)) / 2 ** 53;
};

/** Gives random hexadecimal digits, fresh from the import: for names that must not collide. */
export function randomHex(digits: number): string {
  let text = "";
  for (const byte of bytes(Math.ceil(digits / 2))) text += byte.toString(16).padStart(2, "0");
  return text.slice(0, digits);
}

function seed(): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes(SEED_BYTES)).buffer);
}

/** Steps an xorshift128 generator. Source: G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003. */
function nextWord(words: Uint32Array): number {
  const [first = 0, , , last = 0] = words;
  const mixed = first ^ (first << 11);
  const word = (last ^ (last >>> 19) ^ mixed ^ (mixed >>> 8)) >>> 0;
  words.copyWithin(0, 1);
  words[3] = word;
  return word;
}
