/**
 * @module Something done for many, some at a time, and how many are done a second.
 */
import { timed } from "./statistics.ts";

const AT_A_TIME = 8;

/** Runs a step for every item, eight at a time. */
export async function forEach<T>(
  items: readonly T[],
  step: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await step(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

/** Runs a step for every item, eight at a time, and gives how many were done a second. */
export async function rateOf<T>(
  items: readonly T[],
  step: (item: T, index: number) => Promise<unknown>,
): Promise<number> {
  const elapsedMs = await timed(() => forEach(items, step));
  return (items.length * 1000) / elapsedMs;
}
