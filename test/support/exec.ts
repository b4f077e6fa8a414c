/**
 * @module Plugins that are executed one by one, as runtimes do that have no lists.
 */
import type { Host, JsonObject } from "../../host/index.ts";
import type { TestContainer } from "./container.ts";

/** Whose link it is. */
export interface ExecPlace extends Pick<TestContainer, "id" | "netns"> {
  /** @default "eth0" */
  readonly ifname?: string;
}

/** Executes the plugin of a configuration for a container, and gives what it prints. */
export function execPlugin(
  host: Host,
  command: string,
  { id, netns, ifname = "eth0" }: ExecPlace,
  configuration: JsonObject,
): Promise<string> {
  return host.exec({
    command,
    type: String(configuration["type"]),
    containerId: id,
    netns,
    ifname,
    args: "",
    configuration: JSON.stringify(configuration),
  });
}
