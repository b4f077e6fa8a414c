/**
 * @module Hears what the kernel announces in a namespace: links, addresses, routes, neighbours and the packet filter.
 */
import { spawn } from "node:child_process";
import type { TestNamespace } from "../../kernel/namespaces.ts";

/** Two monitors of one namespace. */
export interface Monitor {
  /** Makes a mark of its own, waits until it was heard, and gives what was heard before it. */
  readonly heard: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

const LINK_MARK = "mark0";
const RULE_MARK = "noticed";
const WAIT_MS = 10;

/** Starts the monitors and waits until they listen. */
export async function startMonitor(space: TestNamespace): Promise<Monitor> {
  const links = follow(space, ["ip", "monitor", "link", "address", "route", "rule"]);
  const rules = follow(space, ["nft", "monitor"]);
  const mark = async (): Promise<void> => {
    do {
      space.ip(`link add ${LINK_MARK} type bridge`);
      space.ip(`link del ${LINK_MARK}`);
      space.run("nft", "add", "table", "inet", RULE_MARK);
      space.run("nft", "delete", "table", "inet", RULE_MARK);
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    } while (!links.text().includes(LINK_MARK) || !rules.text().includes(RULE_MARK));
  };
  await mark();
  links.clear();
  rules.clear();
  return {
    heard: async () => {
      await mark();
      return [links.text(), rules.text()]
        .flatMap((text) => text.split("\n"))
        .filter(isNews)
        .join("\n");
    },
    stop: async () => {
      await Promise.all([links.stop(), rules.stop()]);
    },
  };
}

/** Everything but the marks themselves. */
function isNews(line: string): boolean {
  return (
    line.trim() !== "" &&
    !line.includes(LINK_MARK) &&
    !/\bnoticed\b|new generation/u.test(line) &&
    !/^\s+link\/ether/u.test(line)
  );
}

function follow(
  space: TestNamespace,
  command: readonly string[],
): { text: () => string; clear: () => void; stop: () => Promise<void> } {
  const child = spawn("ip", ["netns", "exec", space.name, ...command], { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    text: () => text,
    clear: () => {
      text = "";
    },
    stop: () => {
      child.kill("SIGKILL");
      return closed;
    },
  };
}
