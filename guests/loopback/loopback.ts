/**
 * @module The plugin `loopback` over the imports it is given: sets `lo` up.
 */
import type * as ContainerAddresses from "cnidaria:plugin/container-addresses@0.1.0";
import type * as ContainerLinks from "cnidaria:plugin/container-links@0.1.0";
import type { AttachmentResult, IpPrefix, Request } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail, must, type PluginExports } from "../sdk/index.ts";
import { formatPrefix } from "../sdk/ip-text.ts";
import { tolerate } from "../sdk/tolerate.ts";

/** Every namespace has it. Source: `loopback_net_init`, linux/drivers/net/loopback.c. */
const LOOPBACK = "lo";

/** What the plugin calls. */
export interface LoopbackImports {
  readonly links: Pick<typeof ContainerLinks, "get" | "setUp" | "setDown">;
  readonly addresses: Pick<typeof ContainerAddresses, "list">;
}

/** Binds the plugin to its imports. */
export function createLoopback(imports: LoopbackImports): NonNullable<PluginExports["attachment"]> {
  const { links, addresses } = imports;
  return {
    add(request, container) {
      must(`set ${LOOPBACK} up`, () => links.setUp(container, LOOPBACK, 0));
      const found = must(`list the addresses of ${LOOPBACK}`, () => addresses.list(container, LOOPBACK));
      const prefixes = found.map(({ address }) => address);
      const foreign = prefixes.find((prefix) => !isLoopback(prefix));
      if (foreign !== undefined)
        fail(CODES.internal, `${LOOPBACK} has an address that is no loopback address: ${formatPrefix(foreign)}`);
      return request.previousResult ?? resultOf(request, prefixes);
    },
    del(_request, container) {
      tolerate(`set ${LOOPBACK} down`, ["no-namespace", "not-found"], () => links.setDown(container, LOOPBACK));
    },
    check(_request, container) {
      const link = must(`read ${LOOPBACK}`, () => links.get(container, LOOPBACK));
      if (!link.up) fail(CODES.internal, `${LOOPBACK} is down`);
    },
  };
}

/** Tells whether an address is in 127.0.0.0/8 or is ::1. Source: RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3. */
export function isLoopback({ address }: IpPrefix): boolean {
  if (address.tag === "ipv4") return address.val[0] === 127;
  return address.val.every((group, index) => group === (index === 7 ? 1 : 0));
}

/** The result where no plugin came before: `lo`, and its first address of each family. */
function resultOf(request: Request, prefixes: readonly IpPrefix[]): AttachmentResult {
  const firstOf = (family: IpPrefix["address"]["tag"]): IpPrefix[] =>
    prefixes.filter(({ address }) => address.tag === family).slice(0, 1);
  return {
    interfaces: [{ name: LOOPBACK, mac: [0, 0, 0, 0, 0, 0], sandbox: request.netns }],
    ips: [...firstOf("ipv4"), ...firstOf("ipv6")].map((address) => ({ address, interfaceIndex: 0 })),
    routes: [],
  };
}
