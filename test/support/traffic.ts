/**
 * @module Real packets of a test: somebody who answers in one namespace, and somebody who asks in another.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** How one asks another. */
export type Protocol = "tcp" | "udp" | "icmp";

/** Every protocol that is tried. */
export const PROTOCOLS: readonly Protocol[] = ["tcp", "udp", "icmp"];

/** Answers with what it is sent, over TCP and UDP, over both families. */
const SERVER = `
const port = Number(process.argv[1]);
const net = require("node:net").createServer((socket) => socket.on("error", () => {}).pipe(socket));
const udp = require("node:dgram").createSocket({ type: "udp6" });
udp.on("message", (message, { port, address }) => udp.send(message, port, address));
udp.bind(port, "::", () => net.listen(port, "::", () => console.log("ready")));`;

/** Asks again and again; ends with 0 when there is an answer. */
const CLIENT = `
const [protocol, address, port, waitMs] = process.argv.slice(1);
setTimeout(() => process.exit(1), Number(waitMs));
const answered = () => process.exit(0);
const ask = protocol === "tcp"
  ? () => { const socket = require("node:net").connect(Number(port), address, () => socket.write("x")); socket.on("data", answered).on("error", () => {}); }
  : () => { const socket = require("node:dgram").createSocket(address.includes(":") ? "udp6" : "udp4"); socket.on("message", answered).on("error", () => {}); socket.send("x", Number(port), address, () => {}); };
ask();
setInterval(ask, 300);`;

/** Opens one connection, and asks by it whenever it is told to; says whether there was an answer. */
const TALKER = `
const [address, port, waitMs] = process.argv.slice(1);
const socket = require("node:net").connect(Number(port), address, () => console.log("open"));
let timer;
socket.on("data", () => { clearTimeout(timer); console.log("yes"); });
process.stdin.on("data", () => { timer = setTimeout(() => console.log("no"), Number(waitMs)); socket.write("x"); });`;

/** How long an answer is waited for, in ms: nothing of a test is farther away than one node. */
const WAIT_MS = 1500;

/** Answers on a port of a namespace until it is disposed. */
export async function serve(netns: string, port: number): Promise<AsyncDisposable> {
  const child = spawn("ip", ["netns", "exec", netns, process.execPath, "-e", SERVER, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return { [Symbol.asyncDispose]: () => end(child) };
}

/** Tells whether somebody at an address answers who is asked from a namespace. */
export async function reaches(netns: string, protocol: Protocol, { address, port }: Destination): Promise<boolean> {
  const command =
    protocol === "icmp"
      ? ["ping", "-n", "-c", "1", "-i", "0.3", "-w", String(Math.ceil(WAIT_MS / 1000)), address]
      : [process.execPath, "-e", CLIENT, protocol, address, String(port), String(WAIT_MS)];
  const child = spawn("ip", ["netns", "exec", netns, ...command], { stdio: "ignore" });
  const [status] = (await once(child, "exit")) as [number | null];
  return status === 0;
}

/** Who is asked. ICMP has no port. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** A connection that stays open until it is disposed. */
export interface Connection extends AsyncDisposable {
  /** Tells whether there is an answer by it, still. */
  answers(): Promise<boolean>;
}

/** Opens a TCP connection from a namespace. */
export async function connect(netns: string, { address, port }: Destination): Promise<Connection> {
  const args = ["netns", "exec", netns, process.execPath, "-e", TALKER, address, String(port), String(WAIT_MS)];
  const child = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    answers: async () => {
      child.stdin.write("x");
      const [answer] = (await once(child.stdout, "data")) as [Buffer];
      return answer.toString().trim() === "yes";
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
