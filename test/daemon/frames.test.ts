import { describe, expect, test } from "vitest";
import { encodeAnswer, encodeRequest, readAnswer, readRequest } from "../../host/daemon/frames.ts";
import { CONFIGURATION_MAX_BYTES, VARIABLES_MAX_BYTES } from "../../host/daemon/protocol.ts";

const REQUEST = {
  surroundings: "1-2-3",
  type: "bridge",
  variables: { CNI_COMMAND: "ADD", CNI_ARGS: "A=b=c;\n", CNI_NETNS: "/ä \"'\\" },
  configuration: '{"name":"\u0000ü😀"}\n',
};
const ANSWER = { exitCode: 1, stdout: '{"msg":"ä"}\n', stderr: "cnidaria: call 1\n" };

describe("a request", () => {
  test("comes back as it was, whatever is in its values", () => {
    expect(readRequest(encodeRequest(REQUEST))).toEqual(REQUEST);
  });

  test("is not there before its last byte", () => {
    const bytes = encodeRequest(REQUEST);
    for (let length = 0; length < bytes.byteLength; length += 1)
      expect(readRequest(bytes.subarray(0, length))).toBeUndefined();
  });

  test("with bytes that are no UTF-8 is read with replacement characters, as Node reads an environment and a file", () => {
    const names = Buffer.concat([Buffer.from("type=a\0CNI_NETNS=/"), Buffer.from([0xff, 0xfe, 0])]);
    const body = Buffer.from([0x22, 0xc3, 0x22]);
    const bytes = Buffer.concat([Buffer.from(`${names.byteLength} ${body.byteLength}\n`), names, body]);
    expect(readRequest(bytes)).toMatchObject({
      type: "a",
      variables: { CNI_NETNS: "/\ufffd\ufffd" },
      configuration: '"\ufffd"',
    });
  });

  test.for([
    { title: "JSON", text: '{"protocol":1}\n' },
    { title: "a head without a line end", text: "1".repeat(64) },
    { title: "a negative length", text: "-1 5\n" },
    { title: "a length that is too long", text: "1 1234567890\n" },
    { title: "more variables than the kernel passes", text: `${VARIABLES_MAX_BYTES + 1} 0\n` },
    { title: "a configuration over the limit", text: `0 ${CONFIGURATION_MAX_BYTES + 1}\n` },
    { title: "something after its end", text: "0 1\nab" },
  ])("is refused: $title", ({ text }) => {
    expect(() => readRequest(Buffer.from(text))).toThrow(RangeError);
  });

  test("with a name that is on every object is a value like any other", () => {
    const names = Buffer.from("type=a\0__proto__=x\0toString=y\0=z\0noequals\0");
    const bytes = Buffer.concat([Buffer.from(`${names.byteLength} 0\n`), names]);
    expect(Object.keys(readRequest(bytes)?.variables ?? {}).sort()).toEqual(["", "__proto__", "noequals", "toString"]);
  });
});

describe("an answer", () => {
  test("comes back as it was", () => {
    expect(readAnswer(encodeAnswer(ANSWER))).toEqual(ANSWER);
  });

  test("is not there before its last byte", () => {
    const bytes = encodeAnswer(ANSWER);
    for (let length = 0; length < bytes.byteLength; length += 1)
      expect(readAnswer(bytes.subarray(0, length))).toBeUndefined();
  });
});
