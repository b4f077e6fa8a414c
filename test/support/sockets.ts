/**
 * @module Real connections of tests: servers that say who they are and who asked, and questions, over TCP and UDP, in any namespace.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { run } from "./command.ts";

/** Where something runs: the name of a namespace; `undefined`: where the test does. */
export type Place = string | undefined;
/** Over what. */
export type Protocol = "tcp" | "udp";

/** A server that is there until it is disposed. */
export interface TestServer extends AsyncDisposable {
  readonly pid: number;
}

/** Which server. */
export interface ServerOptions {
  readonly protocol: Protocol;
  readonly port: number;
  /** What it answers, before the address of whoever asked. */
  readonly name: string;
  /** @default every address of both families */
  readonly address?: string;
}

const SERVER = `
const [protocol, port, name, address] = process.argv.slice(1);
const said = () => console.log("ready");
if (protocol === "tcp") require("node:net").createServer((socket) => {
  socket.on("error", () => {});
  socket.end(name + " " + socket.remoteAddress);
}).listen(Number(port), address, said);
else {
  const socket = require("node:dgram").createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (_, from) => socket.send(name + " " + from.address, from.port, from.address));
  socket.bind(Number(port), address, said);
}`;

const QUESTION = `
const [protocol, address, port, from] = process.argv.slice(1);
const end = (text) => { console.log(text); process.exit(0); };
setTimeout(() => end("nothing"), 700);
if (protocol === "tcp") {
  const socket = require("node:net").connect(Number(port), address);
  socket.on("data", (data) => end(String(data)));
  socket.on("error", () => end("nothing"));
} else {
  const socket = require("node:dgram").createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (data) => end(String(data)));
  socket.on("error", () => end("nothing"));
  socket.bind(Number(from), () => socket.send("?", Number(port), address));
}`;

const inPlace = (place: Place): readonly string[] => (place === undefined ? [] : ["ip", "netns", "exec", place]);

/** Gives the command of a server; its first line of output says that it listens. */
export function serverCommand({ protocol, port, name, address }: ServerOptions): readonly string[] {
  const listens = address ?? (protocol === "tcp" ? "::" : "0.0.0.0");
  return [process.execPath, "-e", SERVER, protocol, String(port), name, listens];
}

/** Gives the command of a question; it prints the answer. */
export function questionCommand({ protocol = "tcp", address, port, from = 0 }: QuestionOptions): readonly string[] {
  return [process.execPath, "-e", QUESTION, protocol, address, String(port), String(from)];
}

/** Starts a server; it listens when this settles. */
export async function startServer(place: Place, options: ServerOptions): Promise<TestServer> {
  const [command = "", ...args] = [...inPlace(place), ...serverCommand(options)];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const { pid } = child;
  if (pid === undefined) throw new Error("unreachable: it has spoken");
  return {
    pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** What is asked. */
export interface QuestionOptions {
  readonly protocol?: Protocol;
  readonly address: string;
  readonly port: number;
  /** Port that the question comes from; UDP only. @default the kernel's choice */
  readonly from?: number;
}

/** Asks once; gives the answer, an address of an IPv4 mapped one as IPv4, or `nothing`. */
export function ask(place: Place, question: QuestionOptions): string {
  const [command = "", ...args] = [...inPlace(place), ...questionCommand(question)];
  return run(command, ...args)
    .trim()
    .replace("::ffff:", "");
}
