/**
 * @module A host in a process of its own, to be killed. Arguments: bundle folder, state directory, verb, the request as JSON; a
 * verb `stay` is ADD, "ready" on stdout, and a host that stays.
 */
import { createHost } from "../../host/host.ts";
import type { AttachmentRequest } from "../../host/api.ts";

const [bundleDir = "", stateDir = "", verb = "", text = "{}"] = process.argv.slice(2);
const request = JSON.parse(text) as AttachmentRequest;
const host = await createHost({ stateDir, bundleDir, origin: "crash" });
if (verb === "del") await host.del(request);
else await host.add(request);
if (verb === "stay") {
  process.stdout.write("ready\n");
  setInterval(() => undefined, 60_000);
} else {
  await host.close();
}
