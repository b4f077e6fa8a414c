import { expect, test } from "vitest";
import { CallMeter, LimitReached } from "../../host/sandbox/limits.ts";
import { LIMITS } from "./fake-helper.ts";

test("permits as many host calls as its limit, and remembers the one too many even when the guest does not stop", () => {
  const meter = new CallMeter({ ...LIMITS, hostCalls: 2 });
  meter.countHostCall();
  meter.countHostCall();
  expect(meter.reached).toBeUndefined();
  expect(() => meter.countHostCall()).toThrow(LimitReached);
  expect(() => meter.countHostCall()).toThrow(LimitReached);
  expect(meter.reached).toBe("2 host calls");
});

test("counts empty lines of the log, and those that it drops", () => {
  const meter = new CallMeter({ ...LIMITS, logBytes: 64 });
  expect([meter.takeLogLine(0), meter.takeLogLine(0), meter.takeLogLine(0), meter.takeLogLine(0)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(meter.droppedLines).toBe(2);
});

test("keeps the first limit that was reached", () => {
  const meter = new CallMeter({ ...LIMITS, resultBytes: 10 });
  meter.checkResult(10);
  expect(meter.reached).toBeUndefined();
  meter.checkResult(11);
  expect(() => meter.reach("another")).toThrow(LimitReached);
  expect(meter.reached).toBe("a result of 11 bytes, 10 permitted");
});

test("starts every call at zero", () => {
  const meter = new CallMeter({ ...LIMITS, hostCalls: 0, logBytes: 0 });
  expect(() => meter.countHostCall()).toThrow(LimitReached);
  meter.takeLogLine(1);
  meter.reset();
  expect([meter.hostCalls, meter.droppedLines, meter.reached]).toEqual([0, 0, undefined]);
});
