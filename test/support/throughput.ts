/**
 * @module How fast one TCP connection of a test goes, between any two namespaces.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Place } from "./sockets.ts";

/** Writes as fast as it is let, to whoever connects. */
const SENDER = `
const [port] = process.argv.slice(1);
const chunk = Buffer.alloc(65536);
require("node:net").createServer((socket) => {
  socket.on("error", () => {});
  const push = () => { while (socket.write(chunk)); };
  socket.on("drain", push);
  push();
}).listen(Number(port), "::", () => console.log("ready"));`;

/** Counts for a while, once the burst is over. */
const RECEIVER = `
const [address, port, skipMs, countMs] = process.argv.slice(1);
const socket = require("node:net").connect(Number(port), address);
let bytes = 0, startedAt;
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
socket.on("data", (data) => { if (startedAt !== undefined) bytes += data.length; });
socket.on("connect", () => setTimeout(() => {
  startedAt = performance.now();
  setTimeout(() => {
    console.log(Math.round((bytes * 8000) / (performance.now() - startedAt)));
    process.exit(0);
  }, Number(countMs));
}, Number(skipMs)));`;

const inPlace = (place: Place): readonly string[] => (place === undefined ? [] : ["ip", "netns", "exec", place]);
const command = (place: Place, ...args: readonly string[]): readonly [string, readonly string[]] => {
  const [program = "", ...rest] = [...inPlace(place), process.execPath, "-e", ...args];
  return [program, rest];
};

/** From where to where. */
export interface Way {
  readonly from: Place;
  readonly to: Place;
  /** Address of `from`. */
  readonly address: string;
}

const PORT = 5201;
/** Longer than any burst of the tests lasts. */
const SKIP_MS = 500;
const COUNT_MS = 2_000;

/** Measures what arrives, in bits of payload per second. */
export async function measureThroughput({ from, to, address }: Way): Promise<number> {
  const sender = spawn(...command(from, SENDER, String(PORT)), { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(sender.stdout, "data");
    const { stdout } = await promisify(execFile)(
      ...command(to, RECEIVER, address, String(PORT), String(SKIP_MS), String(COUNT_MS)),
    );
    return Number(stdout);
  } finally {
    sender.kill("SIGKILL");
    await once(sender, "exit");
  }
}
