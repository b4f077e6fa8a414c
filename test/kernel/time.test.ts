import { expect, test } from "vitest";
import { countKernelTime, kernelTime } from "../../host/kernel/time.ts";

test("gives what was counted, once", () => {
  kernelTime.takeMicroseconds();
  const until = performance.now() + 2;
  countKernelTime(() => {
    countKernelTime(() => undefined);
    while (performance.now() < until);
  });
  expect(kernelTime.takeMicroseconds()).toBeGreaterThan(0);
  expect(kernelTime.takeMicroseconds()).toBe(0);
});

test("counts also what throws", () => {
  expect(() =>
    countKernelTime(() => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(countKernelTime(() => 7)).toBe(7);
});
