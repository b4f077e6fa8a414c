/**
 * @module The first frame of a connection to the helper.
 *
 * Read byte for byte from the paused connection, so that nothing after it is taken: what follows may be meant for a sandbox.
 */
import { readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { FRAME_HEADER_BYTES } from "./frames.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import type { Digest, Opening } from "./protocol.ts";
import { ProtocolViolation } from "./violation.ts";

/** Longest opening in bytes. */
const OPENING_MAX_BYTES = 1024;
/** How long a connection may take to say what it is for. */
const OPENING_TIMEOUT_MS = 5000;

const DIGEST = z.templateLiteral(["sha256:", z.string().regex(/^[0-9a-f]{64}$/u)]);
const OPENING = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("host"), protocol: z.literal(PROTOCOL_VERSION) }),
  z.strictObject({
    role: z.literal("sandbox"),
    protocol: z.literal(PROTOCOL_VERSION),
    sandboxId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/u),
    digest: z.custom<Digest>((value) => DIGEST.safeParse(value).success),
  }),
  z.strictObject({ role: z.literal("transpiler"), protocol: z.literal(PROTOCOL_VERSION) }),
]);

/**
 * Reads the opening from the descriptor of a connection that nobody else reads. Does not trust: length, shape and time are bounded.
 * @throws {ProtocolViolation} when there is none, or it is not one.
 */
export async function readOpening(descriptor: number): Promise<Opening> {
  const deadline = performance.now() + OPENING_TIMEOUT_MS;
  const header = await readExactly(descriptor, FRAME_HEADER_BYTES, deadline);
  const length = header.readUInt32LE(0);
  if (length > OPENING_MAX_BYTES)
    throw new ProtocolViolation(`opening of ${length} bytes, ${OPENING_MAX_BYTES} permitted`);
  return parseOpening(await readExactly(descriptor, length, deadline));
}

function parseOpening(body: Buffer): Opening {
  try {
    return OPENING.parse(JSON.parse(body.toString("utf8")));
  } catch (cause) {
    throw new ProtocolViolation("the first frame is not an opening of this protocol", { cause });
  }
}

async function readExactly(descriptor: number, bytes: number, deadline: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let offset = 0;
  while (offset < bytes) {
    const count = readAvailable(descriptor, buffer, offset);
    if (count === 0) throw new ProtocolViolation("the connection ended before its opening");
    if (count !== undefined) offset += count;
    else if (performance.now() > deadline) throw new ProtocolViolation(`no opening after ${OPENING_TIMEOUT_MS} ms`);
    // Written right after connect: a wait is rare and short.
    else await sleep(1);
  }
  return buffer;
}

/** Gives how many bytes were read; 0: the end; `undefined`: none yet. */
function readAvailable(descriptor: number, buffer: Buffer, offset: number): number | undefined {
  try {
    return readSync(descriptor, buffer, offset, buffer.byteLength - offset, null);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw new ProtocolViolation("the connection failed before its opening", { cause: error });
  }
}
