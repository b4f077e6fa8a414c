/**
 * @module The reference plugins' executables, as Debian's package `containernetworking-plugins` puts them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../host/spec/json.ts";

const REFERENCE_DIR = "/usr/lib/cni";

/** Whether they are there; without them a file's tests are skipped, and in CI the run fails. */
export const HAS_REFERENCE = existsSync(join(REFERENCE_DIR, "host-local"));
/** Why they are not, as the end of a title that is skipped; the empty text: they are. */
export const NO_REFERENCE = HAS_REFERENCE
  ? ""
  : ` (skipped: the reference plugins are not in ${REFERENCE_DIR}, package containernetworking-plugins)`;
if (!HAS_REFERENCE && process.env["CI"]) throw new Error(NO_REFERENCE);

/** One call of a reference plugin. */
export interface ReferenceCall {
  readonly type: string;
  readonly command: "ADD" | "DEL" | "CHECK";
  readonly containerId: string;
  /** @default a path that host-local does not look at */
  readonly netns?: string;
  readonly ifname?: string;
  readonly configuration: JsonObject;
}

/** Calls a reference plugin and gives its result; an error object is thrown as an Error with its message. */
export async function callReference(call: ReferenceCall): Promise<JsonObject> {
  const { type, command, containerId, netns = "/no/namespace", ifname = "eth0", configuration } = call;
  const child = spawn(join(REFERENCE_DIR, type), {
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: ifname,
      CNI_PATH: REFERENCE_DIR,
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  child.stdin.end(JSON.stringify(configuration));
  await once(child, "close");
  const answer = (text.trim() === "" ? {} : JSON.parse(text)) as JsonObject;
  if (child.exitCode !== 0) throw new Error(String(answer["msg"] ?? text));
  return answer;
}

/** First address of a result, without its prefix length. */
export function addressOf(result: JsonObject): string {
  const { ips } = result as { readonly ips?: readonly { readonly address: string }[] };
  return ips?.[0]?.address.split("/")[0] ?? "";
}
