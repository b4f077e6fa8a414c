/**
 * @module The plugin `portmap` over the imports it is given: publishes the ports that the runtime asks for.
 */
import type * as HostPorts from "cnidaria:plugin/host-ports@0.1.0";
import type * as Log from "cnidaria:plugin/log@0.1.0";

import { addressesEqual } from "../sdk/ip.ts";
import { formatAddress } from "../sdk/ip-text.ts";
import { CODES, fail, must, type PluginExports } from "../sdk/index.ts";
import { resultBefore } from "../sdk/results.ts";
import { tolerate } from "../sdk/tolerate.ts";
import { readPortmapConfiguration } from "./configuration.ts";
import { planPorts } from "./mappings.ts";

/** What the plugin calls. */
export interface PortmapImports {
  readonly hostPorts: Pick<typeof HostPorts, "publish" | "list" | "occupied" | "withdraw">;
  readonly log: Pick<typeof Log, "write">;
}

/** Binds the plugin to its imports. */
export function createPortmap({ hostPorts, log }: PortmapImports): NonNullable<PluginExports["chained"]> {
  return {
    add(request) {
      const options = readPortmapConfiguration(request);
      const result = resultBefore(request);
      const ports = planPorts(request, result);
      if (ports.length === 0) return result;
      must(`publish ${ports.map(describe).join(", ")}`, () => hostPorts.publish(ports, options));
      for (const port of must("look for processes on the ports", () => hostPorts.occupied()))
        log.write(
          "warn",
          `a process of the node listens on ${describe(port)}: it is not reached while the port is published`,
        );
      return result;
    },
    // Whatever the runtime says by now of the ports, and whether the configuration would be refused.
    del() {
      tolerate("withdraw the ports", ["unsupported"], () => hostPorts.withdraw());
    },
    check(request) {
      readPortmapConfiguration(request);
      if (request.runtimeConfig.portMappings.length === 0) return;
      const wanted = planPorts(request, resultBefore(request));
      const found = must("list the ports", () => hostPorts.list());
      const missing = wanted.find((port) => !found.some((each) => areEqual(each, port)));
      if (missing !== undefined) fail(CODES.internal, `${describe(missing)} is not published`);
    },
  };
}

function areEqual(one: HostPorts.PublishedPort, other: HostPorts.PublishedPort): boolean {
  const hostAddresses = [one.hostAddress, other.hostAddress].map((each) =>
    each === undefined ? "" : formatAddress(each),
  );
  return (
    one.protocol === other.protocol &&
    one.hostPort === other.hostPort &&
    one.containerPort === other.containerPort &&
    hostAddresses[0] === hostAddresses[1] &&
    addressesEqual(one.containerAddress.address, other.containerAddress.address)
  );
}

/** Says a port as people do: `tcp 8080 to 10.1.0.2 port 80`. */
function describe({
  protocol,
  hostPort,
  hostAddress,
  containerAddress,
  containerPort,
}: HostPorts.PublishedPort): string {
  const where = hostAddress === undefined ? "" : ` of ${formatAddress(hostAddress)}`;
  return `${protocol} port ${hostPort}${where} to ${formatAddress(containerAddress.address)} port ${containerPort}`;
}
