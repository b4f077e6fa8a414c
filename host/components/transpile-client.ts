/**
 * @module The asking side of the throw-away process: sends a component, takes files. Does not trust the answer: every length is bounded.
 */
import type { Socket } from "node:net";
import { CONTROL_FRAME_MAX_BYTES, encodeFrame, FRAME_HEADER_BYTES } from "../helper/frames.ts";
import { CniError, isCniError } from "../spec/error.ts";
import {
  ENTRY_FILE,
  TRANSPILED_MAX_BYTES,
  TRANSPILED_MAX_FILES,
  type TranspileAnswer,
  type TranspileRequest,
  type Transpiled,
} from "./transpile-protocol.ts";

/** How long one component may take. A QuickJS guest takes a third of a second. */
const TRANSPILE_TIMEOUT_MS = 60_000;
/** Names of generated files. */
const FILE_NAME = /^component\.(?:js|core[0-9]{0,3}\.wasm)$/u;

/**
 * Makes code from a component over the control channel of a transpiler; the channel is ended afterwards.
 * @throws {CniError} componentRejected when it cannot be transpiled; guestFailed when the process ended, or answered nonsense.
 */
export async function transpileOver(socket: Socket, component: Uint8Array, memoryBytes: number): Promise<Transpiled> {
  const reader = new SocketReader(socket);
  const timer = setTimeout(
    () => socket.destroy(failed(`no answer after ${TRANSPILE_TIMEOUT_MS} ms`)),
    TRANSPILE_TIMEOUT_MS,
  );
  try {
    const request: TranspileRequest = { type: "transpile", bytes: component.byteLength, memoryBytes };
    socket.write(encodeFrame(request));
    socket.write(component);
    return await readAnswer(reader);
  } catch (error) {
    throw isCniError(error) ? error : new CniError("guestFailed", "the transpiler failed", { cause: error });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function readAnswer(reader: SocketReader): Promise<Transpiled> {
  const length = (await reader.read(FRAME_HEADER_BYTES)).readUInt32LE(0);
  if (length > CONTROL_FRAME_MAX_BYTES)
    throw failed(`a frame of ${length} bytes, ${CONTROL_FRAME_MAX_BYTES} permitted`);
  const answer = parseAnswer((await reader.read(length)).toString("utf8"));
  if (answer.type === "failed") {
    throw new CniError("componentRejected", "the component cannot be transpiled", {
      details: String(answer.message).slice(0, 2000),
    });
  }
  const files = [];
  for (const { name, bytes } of answer.files) files.push({ name, bytes: new Uint8Array(await reader.read(bytes)) });
  return { files, coreNames: answer.coreNames };
}

/** Parses the answer's frame; lengths and names are checked here. */
function parseAnswer(text: string): TranspileAnswer {
  const answer = JSON.parse(text) as TranspileAnswer;
  if (answer.type === "failed") return answer;
  const { files, coreNames } = answer;
  const isList =
    Array.isArray(files) && Array.isArray(coreNames) && coreNames.every((name) => typeof name === "string");
  if (!isList || files.length > TRANSPILED_MAX_FILES || files[0]?.name !== ENTRY_FILE)
    throw failed("a malformed answer");
  const isSane = files.every(({ name, bytes }) => FILE_NAME.test(name) && Number.isInteger(bytes) && bytes >= 0);
  if (!isSane || new Set(files.map(({ name }) => name)).size !== files.length)
    throw failed("files with impossible names or lengths");
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > TRANSPILED_MAX_BYTES) throw failed(`${total} bytes of files, ${TRANSPILED_MAX_BYTES} permitted`);
  return answer;
}

function failed(what: string): CniError {
  return new CniError("guestFailed", `the transpiler failed: ${what}`);
}

/** Reads so many bytes of a socket at a time. */
class SocketReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(socket: Socket) {
    this.#chunks = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async read(bytes: number): Promise<Buffer> {
    while (this.#pendingBytes < bytes) {
      const next = await this.#chunks.next();
      if (next.done === true) throw failed("the process ended before its answer");
      this.#pending.push(next.value);
      this.#pendingBytes += next.value.byteLength;
    }
    const all = Buffer.concat(this.#pending);
    this.#pending = [all.subarray(bytes)];
    this.#pendingBytes = all.byteLength - bytes;
    return all.subarray(0, bytes);
  }
}
