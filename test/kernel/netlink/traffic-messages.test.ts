/**
 * @module Traffic control as bytes. Captures: Linux 6.18 x86-64, of a veth with index 3 and an ifb link with index 4, as {@link Shaper} made them.
 */
import { describe, expect, test } from "vitest";
import { readMessages } from "../../../host/kernel/netlink/codec.ts";
import type { NetlinkRequest } from "../../../host/kernel/netlink/socket.ts";
import {
  readDiscipline,
  readFilter,
  RTM_NEWQDISC,
  RTM_NEWTFILTER,
} from "../../../host/kernel/netlink/traffic-messages.ts";
import { addBucketRequest, addRedirectRequest, FILTER_INFO } from "../../../host/kernel/netlink/traffic-requests.ts";
import { MessageWriter } from "../../../host/kernel/netlink/writer.ts";

/** RTM_GETQDISC: 100 Gbit/s, burst 800 Mbit. */
const TBF =
  "000000000300000000003412ffffffff03000000080001007462660038000200280001000000000000000000ffffffff0000000000000000000000002040961847e80100000000000c00040000dd0ee90200000005000c00000000003000070014000100000000000000000000000000000000001800030000000000000000000000000000000000000000002c00030000000000000000000000000000000000000000000000000000000000000000000000000000000000";
/** RTM_GETTFILTER dump: the head of a table, and the filter. */
const HEAD = "0000000003000000000000800000ffff00030100080001007533320008000b00000000000c0002000800040001000000";
const FILTER =
  "0000000003000000000800800000ffff00030100080001007533320008000b0000000000e80002002400050001000100000000000000000000000000000000000000000000000000000000000800020000000080080001000100010008000b0008000000a8000700a40001000b0001006d69727265640000440004001400010000000000000000000000000000000000140007000000000000000000000000000000000018000300000000000000000000000000000000000000000008000a0000000000480002002000020001000000000000000400000001000000010000000100000004000000240001000000000000000000000000000000000000000000000000000000000000000000";

const message = (type: number, hex: string) => ({
  type,
  flags: 0,
  sequence: 0,
  portId: 0,
  payload: Buffer.from(hex, "hex"),
});

/** What a request is as a message: the kernel's answers have the same layout. */
function sent(request: NetlinkRequest) {
  const writer = new MessageWriter();
  request.write(writer.begin({ type: request.type, flags: 0, sequence: 1 }));
  const [read] = readMessages(writer.finish()) ?? [];
  if (read === undefined) throw new Error("unreachable: it was written");
  return read;
}

describe("reads what a kernel sent", () => {
  test("a token bucket whose rate passes 32 bits", () => {
    expect(readDiscipline(message(RTM_NEWQDISC, TBF))).toEqual({
      kind: "tbf",
      handle: 0x1234_0000,
      bucket: { bytesPerSecond: 12_500_000_000n, limitBytes: 412_500_000, burstTicks: 124_999 },
    });
  });

  test("a redirection, and the head of its table", () => {
    expect(readFilter(message(RTM_NEWTFILTER, FILTER))).toEqual({ kind: "u32", info: FILTER_INFO, redirectsTo: 4 });
    expect(readFilter(message(RTM_NEWTFILTER, HEAD))).toEqual({
      kind: "u32",
      info: FILTER_INFO,
      redirectsTo: undefined,
    });
  });
});

describe("reads what it wrote", () => {
  test.for([1n, 2_500_000n, 0xffff_ffffn, 0x1_0000_0000n, 171_000_000_000n])("a rate of %s bytes", (bytesPerSecond) => {
    const bucket = { bytesPerSecond, burstBytes: 250_000, limitBytes: 312_500 };
    expect(readDiscipline(sent(addBucketRequest(7, 0x12_0000, bucket)))).toMatchObject({
      kind: "tbf",
      handle: 0x12_0000,
      bucket: { bytesPerSecond, limitBytes: 312_500 },
    });
  });

  test("a redirection", () => {
    expect(readFilter(sent(addRedirectRequest(7, 9)))).toEqual({ kind: "u32", info: FILTER_INFO, redirectsTo: 9 });
  });
});

test.for([
  { what: "discipline", type: RTM_NEWQDISC, hex: TBF, read: readDiscipline },
  { what: "filter", type: RTM_NEWTFILTER, hex: FILTER, read: readFilter },
])("a $what that is cut anywhere reads as none, or as less", ({ type, hex, read }) => {
  const whole = message(type, hex);
  for (let length = 0; length < whole.payload.length; length += 1) {
    const value = read({ ...whole, payload: whole.payload.subarray(0, length) });
    if (value !== undefined) expect(value).toMatchObject({ kind: expect.any(String) as unknown });
  }
  expect(read({ ...whole, type: type + 1 })).toBeUndefined();
});

test("an acknowledgement alone says that there is nothing to say", () => {
  expect(readDiscipline(message(2, "00000000"))).toBe("none");
});
