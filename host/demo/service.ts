/**
 * @module A service in a container of the demo, and who asks it from the node.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Container } from "./stage.ts";

/** How long an answer may take, in milliseconds. */
const DEADLINE_MS = 3000;

/** A service that runs. */
export interface Service extends AsyncDisposable {
  readonly port: number;
}

/** Starts a web server in a container, which says whose it is. */
export async function startService({ name }: Container, port: number): Promise<Service> {
  const program = `require("node:http").createServer((_, answer) => answer.end("hello from ${name}")).listen(${port}, () => console.log("listening"))`;
  const child = spawn("ip", ["netns", "exec", name, process.execPath, "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const over = once(child, "exit");
      child.kill("SIGKILL");
      await over;
    },
  };
}

/** Asks a port of the node. @throws {Error} when nobody answers. */
export async function ask(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    signal: AbortSignal.timeout(DEADLINE_MS),
    headers: { connection: "close" },
  });
  return answer.text();
}
