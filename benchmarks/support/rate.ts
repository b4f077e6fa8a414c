/**
 * @module How many of something are done a second, eight at a time.
 */
import { timed } from "./statistics.ts";

const AT_A_TIME = 8;

/** Runs a step for every item, some at a time, and gives how many were done a second. */
export async function rateOf<T>(
  items: readonly T[],
  step: (item: T, index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await step(items[index] as T, index);
  };
  const elapsedMs = await timed(() => Promise.all(Array.from({ length: AT_A_TIME }, worker)));
  return (items.length * 1000) / elapsedMs;
}
