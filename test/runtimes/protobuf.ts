/**
 * @module As much of protocol buffers as the calls of Kubernetes' runtime interface need here: text, and messages of it.
 *
 * Source: protobuf.dev, "Encoding"; every length here is below 2^28.
 */

/** Wire type of what has a length. */
const LENGTH_DELIMITED = 2;
const WIRE_TYPE_BITS = 3;

/** A message: number of the field to its value. */
export interface Message {
  readonly [field: number]: string | Message;
}

/** Writes a message. */
export function writeMessage(message: Message): Buffer {
  const parts = Object.entries(message).flatMap(([field, value]) => {
    const body = typeof value === "string" ? Buffer.from(value, "utf8") : writeMessage(value as Message);
    return [writeVarint((Number(field) << WIRE_TYPE_BITS) | LENGTH_DELIMITED), writeVarint(body.byteLength), body];
  });
  return Buffer.concat(parts);
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Reads the first field with a number that has a length; `undefined`: there is none. */
export function readField(bytes: Buffer, wanted: number): Buffer | undefined {
  for (let offset = 0; offset < bytes.byteLength;) {
    const [key, afterKey] = readVarint(bytes, offset);
    const [value, afterValue] = readVarint(bytes, afterKey);
    const isLength = (key & ((1 << WIRE_TYPE_BITS) - 1)) === LENGTH_DELIMITED;
    offset = isLength ? afterValue + value : afterValue;
    if (isLength && key >>> WIRE_TYPE_BITS === wanted) return bytes.subarray(afterValue, offset);
  }
  return undefined;
}

/** Reads a number that may be longer than is kept of it, and where it ends. */
function readVarint(bytes: Buffer, start: number): readonly [number, number] {
  let value = 0;
  for (let offset = start, shift = 0; ; offset += 1, shift += 7) {
    const byte = bytes[offset] ?? 0;
    if (shift < 28) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, offset + 1];
  }
}
