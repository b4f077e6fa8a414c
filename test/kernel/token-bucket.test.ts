import { expect, test } from "vitest";
import { bucketOf, isSame, rateOf } from "../../host/kernel/token-bucket.ts";

const MBIT = 1_000_000n;

test.for([
  {
    rate: 20n * MBIT,
    burst: 2n * MBIT,
    bucket: { bytesPerSecond: 2_500_000n, burstBytes: 250_000, limitBytes: 312_500 },
  },
  { rate: 8n, burst: 8n, bucket: { bytesPerSecond: 1n, burstBytes: 1, limitBytes: 1 } },
  { rate: 15n, burst: 17n, bucket: { bytesPerSecond: 1n, burstBytes: 2, limitBytes: 2 } },
  {
    rate: 100_000n * MBIT,
    burst: 800n * MBIT,
    bucket: { bytesPerSecond: 12_500_000_000n, burstBytes: 100_000_000, limitBytes: 412_500_000 },
  },
])("$rate bit/s with a burst of $burst bits is that many bytes, and 25 ms may wait", ({ rate, burst, bucket }) => {
  expect(bucketOf({ bitsPerSecond: rate, burstBits: burst })).toEqual(bucket);
});

test.for([
  { why: "less than a byte per second", rate: 7n, burst: 8n },
  { why: "a burst of less than a byte", rate: 8n, burst: 7n },
  { why: "a burst of 4 GiB", rate: 8n, burst: 8n << 32n },
  { why: "more in 25 ms than 32 bits count", rate: 1n << 45n, burst: 8n },
])("refuses $why", ({ rate, burst }) => {
  expect(bucketOf({ bitsPerSecond: rate, burstBits: burst })).toBeUndefined();
});

const BUCKET = { bytesPerSecond: 12_500_000_000n, burstBytes: 100_000_000, limitBytes: 412_500_000 };
/** As Linux 6.18 says it. */
const HELD = { bytesPerSecond: 12_500_000_000n, limitBytes: 412_500_000, burstTicks: 124_999 };

test.for([
  { title: "what the kernel made of it", held: HELD, same: true },
  { title: "another rate", held: { ...HELD, bytesPerSecond: 12_500_000_001n }, same: false },
  { title: "another limit", held: { ...HELD, limitBytes: 1 }, same: false },
  { title: "another burst", held: { ...HELD, burstTicks: 124_000 }, same: false },
])("$title: same is $same", ({ held, same }) => {
  expect(isSame(held, BUCKET)).toBe(same);
});

test("a burst that takes longer than the kernel says is still known again", () => {
  const bucket = bucketOf({ bitsPerSecond: 8n, burstBits: 8n << 31n });
  expect(bucket).toMatchObject({ burstBytes: 2 ** 31 });
  if (bucket !== undefined)
    expect(isSame({ bytesPerSecond: 1n, limitBytes: 2 ** 31, burstTicks: 0 }, bucket)).toBe(true);
});

test("what the kernel has is said in bits, the burst as its duration says it", () => {
  expect(rateOf(HELD)).toEqual({ bitsPerSecond: 100_000_000_000n, burstBits: 799_993_600n });
});
