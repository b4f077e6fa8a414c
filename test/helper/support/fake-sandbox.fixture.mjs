/**
 * A sandbox without WebAssembly: it does on its private channel what the test says on its control channel, byte for byte.
 * Each frame of the test is `{ "send": value }`, `{ "raw": base64 }` or `{ "status": true }`; the answer comes back as it is.
 */
import { readSync, writeSync } from "node:fs";

const CONTROL = 3;
const PRIVATE = 4;

function readExactly(fd, bytes) {
  const buffer = Buffer.alloc(bytes);
  let offset = 0;
  while (offset < bytes) {
    const count = readSync(fd, buffer, offset, bytes - offset, null);
    if (count === 0) process.exit(0);
    offset += count;
  }
  return buffer;
}

const readFrame = (fd) => JSON.parse(readExactly(fd, readExactly(fd, 4).readUInt32LE(0)).toString("utf8"));

function writeAll(fd, buffer) {
  for (let offset = 0; offset < buffer.length;) offset += writeSync(fd, buffer, offset);
}

function writeFrame(fd, value) {
  const body = Buffer.from(JSON.stringify(value));
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  writeAll(fd, Buffer.concat([header, body]));
}

const load = readFrame(PRIVATE);
const files = load.files.map(({ name, bytes }) => [name, readExactly(PRIVATE, bytes).toString("utf8")]);
writeFrame(CONTROL, { type: "ready", load, files });
for (;;) {
  const order = readFrame(CONTROL);
  if (order.status) {
    writeFrame(CONTROL, { environment: process.env, uid: process.getuid() });
    continue;
  }
  if (order.raw !== undefined) writeAll(PRIVATE, Buffer.from(order.raw, "base64"));
  else writeFrame(PRIVATE, order.send);
  writeFrame(CONTROL, readFrame(PRIVATE));
}
