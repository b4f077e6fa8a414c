/**
 * @module A host in a process of its own, to be killed. Arguments: bundle folder, state directory, verb, the request as JSON; a
 * verb `stay` is ADD, "ready" on stdout, and a host that stays. Verb `serve`: it follows the plan of a test, and does what is asked of it by
 * messages, until the parent is gone.
 */
import { readFileSync } from "node:fs";
import { createHost } from "../../host/host.ts";
import type { AttachmentRequest, GcRequest, StatusRequest } from "../../host/requests.ts";
import { watchFaultPoints } from "../../host/spec/fault-points.ts";
import { followPlan } from "./watch.ts";

/** What is asked of a host that serves. */
export type Asked =
  | { readonly verb: "add" | "del" | "check"; readonly request: AttachmentRequest }
  | { readonly verb: "gc"; readonly request: GcRequest }
  | { readonly verb: "status"; readonly request: StatusRequest }
  | { readonly verb: "install"; readonly componentPath: string }
  | { readonly verb: "uninstall"; readonly type: string }
  | { readonly verb: "list" };

/** What it answers: nothing, or what went wrong. */
export interface Answered {
  /** Of the request. */
  readonly id: number;
  readonly error?: { readonly code: number; readonly text: string };
}

const [bundleDir = "", stateDir = "", verb = "", text = "{}"] = process.argv.slice(2);
const host = await createHost({ stateDir, bundleDir, origin: "crash" });

async function perform(asked: Asked): Promise<void> {
  if (asked.verb === "list") await host.list();
  else if (asked.verb === "install") await host.install({ component: readFileSync(asked.componentPath) });
  else if (asked.verb === "uninstall") await host.uninstall(asked.type);
  else if (asked.verb === "gc") await host.gc(asked.request);
  else if (asked.verb === "status") await host.status(asked.request);
  else await host[asked.verb](asked.request);
}

function serve(): void {
  watchFaultPoints(followPlan(stateDir, () => [process.pid]));
  const say = (answer: Answered): void => void process.send?.(answer);
  process.on("disconnect", () => process.exit(0));
  process.on("message", ({ id, asked }: { readonly id: number; readonly asked: Asked }) => {
    perform(asked).then(
      () => say({ id }),
      (error: { readonly code: number; readonly message: string; readonly details?: string }) =>
        say({ id, error: { code: error.code, text: `${error.message}; ${error.details ?? ""}` } }),
    );
  });
}

if (verb === "serve") {
  serve();
} else {
  const request = JSON.parse(text) as AttachmentRequest;
  if (verb === "del") await host.del(request);
  else await host.add(request);
  if (verb === "stay") {
    process.stdout.write("ready\n");
    setInterval(() => undefined, 60_000);
  } else {
    await host.close();
  }
}
