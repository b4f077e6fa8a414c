/**
 * @module The program that stands in a namespace for whoever lives there: it answers on ports, and asks others when it is told to.
 *
 * A line of JSON in is a task, a line out its answer. It ends with its input.
 */
import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import type { AskTask, ServeTask, Task } from "./tasks.ts";
import { NOTHING } from "./tasks.ts";

/** How long until a question by UDP is repeated, in ms: the first may have been in the way of a neighbour's discovery. */
const REPEAT_MS = 250;

const plain = (address: string | undefined): string => (address ?? "").replace(/^::ffff:/u, "");

function serve({ port, name, address = "::" }: ServeTask): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
  udp.on("message", (_, from) => udp.send(`${name} ${plain(from.address)}`, from.port, from.address, () => {}));
  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(`${name} ${plain(socket.remoteAddress)}`);
  });
  udp.bind(port, address, () => tcp.listen(port, address, () => resolve("ready")));
  return promise;
}

async function ask(task: AskTask): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(NOTHING), task.waitMs);
  const stop = ASK[task.protocol](task, resolve);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

type Answered = (answer: string) => void;

/** Each asks, and gives how to stop asking. */
const ASK: Readonly<Record<AskTask["protocol"], (task: AskTask, answered: Answered) => () => void>> = {
  tcp: ({ address, port, source }, answered) => {
    const socket = connect({ host: address, port, ...(source === undefined ? {} : { localAddress: source }) });
    socket.on("data", (data) => answered(data.toString())).on("error", () => answered(NOTHING));
    return () => socket.destroy();
  },

  udp: ({ address, port, from = 0, source }, answered) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    const send = (): void => socket.send("?", port, address, () => {});
    let timer: NodeJS.Timeout | undefined;
    socket.on("message", (data) => answered(data.toString())).on("error", () => {});
    socket.bind(from, source, () => {
      send();
      timer = setInterval(send, REPEAT_MS);
    });
    return () => {
      clearInterval(timer);
      socket.close();
    };
  },

  icmp: ({ address, source, waitMs }, answered) => {
    const wait = String(Math.max(1, Math.round(waitMs / 1000)));
    const from = source === undefined ? [] : ["-I", source];
    const ping = execFile("ping", ["-n", "-c", "1", "-i", "0.3", "-w", wait, ...from, address], (error) =>
      answered(error === null ? "answered" : NOTHING),
    );
    return () => ping.kill("SIGKILL");
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, task } = JSON.parse(line) as { readonly id: number; readonly task: Task };
  void (task.kind === "serve" ? serve(task) : ask(task)).then((answer) =>
    process.stdout.write(`${JSON.stringify({ id, answer })}\n`),
  );
}
process.exit(0);
