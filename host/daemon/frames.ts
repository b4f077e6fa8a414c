/**
 * @module The bytes of the warm host's protocol. The shim loads it.
 *
 * A request is a head, variables and the configuration; an answer is a head, stderr and stdout:
 *
 * | part | form |
 * | --- | --- |
 * | head of a request | `<bytes of the variables> <bytes of the configuration>` and a line end, in decimal |
 * | variables | `NAME=value`, each ended by a zero byte; `surroundings` and `type` are the first two |
 * | head of an answer | `<exit code> <bytes of stderr> <bytes of stdout>` and a line end, in decimal |
 *
 * Nothing is escaped: the environment and stdin travel as the bytes that they are, and the warm host alone decodes them. So the
 * native shim, which has no JSON, and the Node shim cannot differ in what they make of them.
 */
import { CONFIGURATION_MAX_BYTES, VARIABLES_MAX_BYTES } from "./protocol.ts";
import type { WarmAnswer, WarmRequest } from "./protocol.ts";

const LINE_END = 0x0a;
/** Longest head in bytes, its line end included. */
const HEAD_MAX_BYTES = 64;

/** Gives the bytes of a request. */
export function encodeRequest({ surroundings, type, variables, configuration }: WarmRequest): Buffer {
  const all = { surroundings, type, ...variables };
  const names = Buffer.from(
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\0`)
      .join(""),
    "utf8",
  );
  const body = Buffer.from(configuration, "utf8");
  return Buffer.concat([Buffer.from(`${names.byteLength} ${body.byteLength}\n`, "latin1"), names, body]);
}

/** Gives the bytes of an answer. */
export function encodeAnswer({ exitCode, stdout, stderr }: WarmAnswer): Buffer {
  const [out, err] = [Buffer.from(stdout, "utf8"), Buffer.from(stderr, "utf8")];
  return Buffer.concat([Buffer.from(`${exitCode} ${err.byteLength} ${out.byteLength}\n`, "latin1"), err, out]);
}

/**
 * Reads a request. Does not trust: whoever connects may send anything.
 * @returns `undefined` while bytes are missing.
 * @throws {RangeError} when it is none, or longer than its bounds, or something follows it.
 */
export function readRequest(bytes: Buffer): WarmRequest | undefined {
  const head = readHead(bytes, 2);
  if (head === undefined) return undefined;
  const [namesBytes = 0, configurationBytes = 0] = head.numbers;
  if (namesBytes > VARIABLES_MAX_BYTES || configurationBytes > CONFIGURATION_MAX_BYTES)
    throw new RangeError("a request over its bounds");
  const [names, configuration] = cut(bytes, head.end, [namesBytes, configurationBytes]) ?? [];
  if (names === undefined || configuration === undefined) return undefined;
  const { surroundings = "", type = "", ...variables } = readVariables(names);
  return { surroundings, type, variables, configuration: configuration.toString("utf8") };
}

/**
 * Reads an answer.
 * @returns `undefined` while bytes are missing.
 * @throws {RangeError} when it is none.
 */
export function readAnswer(bytes: Buffer): WarmAnswer | undefined {
  const head = readHead(bytes, 3);
  if (head === undefined) return undefined;
  const [exitCode = 0, stderrBytes = 0, stdoutBytes = 0] = head.numbers;
  const [stderr, stdout] = cut(bytes, head.end, [stderrBytes, stdoutBytes]) ?? [];
  if (stderr === undefined || stdout === undefined) return undefined;
  return { exitCode, stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8") };
}

/** Numbers of the first line, and where what follows begins. */
interface Head {
  readonly numbers: readonly number[];
  readonly end: number;
}

function readHead(bytes: Buffer, count: number): Head | undefined {
  const end = bytes.subarray(0, HEAD_MAX_BYTES).indexOf(LINE_END);
  if (end < 0 && bytes.byteLength < HEAD_MAX_BYTES) return undefined;
  const words = bytes.toString("latin1", 0, Math.max(end, 0)).split(" ");
  if (end < 0 || words.length !== count || !words.every((word) => /^\d{1,9}$/u.test(word)))
    throw new RangeError("a head of another form");
  return { numbers: words.map(Number), end: end + 1 };
}

/** Cuts the rest into parts of given lengths; `undefined` while bytes are missing. */
function cut(bytes: Buffer, start: number, lengths: readonly number[]): Buffer[] | undefined {
  const total = lengths.reduce((sum, length) => sum + length, start);
  if (bytes.byteLength > total) throw new RangeError("something follows");
  if (bytes.byteLength < total) return undefined;
  let offset = start;
  return lengths.map((length) => bytes.subarray(offset, (offset += length)));
}

function readVariables(bytes: Buffer): Readonly<Record<string, string>> {
  const entries = bytes
    .toString("utf8")
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry): [string, string] => {
      const name = entry.split("=", 1)[0] ?? "";
      return [name, entry.slice(name.length + 1)];
    });
  return Object.fromEntries(entries);
}
