/**
 * @module `container-routes`: routes over the container's links. They go with the link.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import type { Route, RouteMode } from "../../kernel/rtnetlink.ts";
import type { ContainerSide } from "../state.ts";
import { HANDLE, IP_ADDRESS, IP_FAMILY, IP_PREFIX, LINK_NAME, U32 } from "./arguments.ts";
import { indexOf, linkOf } from "./container-links.ts";
import { noteRoutes } from "./noted-veth.ts";
import { containerOf, operation } from "./operation.ts";
import type { OperationInterface } from "./operation.ts";

/** Most routes that are listed. */
const LIST_MAX = 1024;

const ROUTE = z.object({
  destination: IP_PREFIX,
  gateway: IP_ADDRESS.optional(),
  source: IP_ADDRESS.optional(),
  scope: z.enum(["global", "link", "host"]).optional(),
  table: U32.optional(),
  priority: U32.optional(),
  mtuBytes: U32.optional(),
  advmssBytes: U32.optional(),
});

export const CONTAINER_ROUTES: OperationInterface = {
  name: "container-routes",
  errors: {
    ENODEV: "not-found",
    ESRCH: "not-found",
    EEXIST: "already-exists",
    ENETUNREACH: "unreachable",
    EHOSTUNREACH: "unreachable",
    // What IPv6 says of a gateway that is not on the link while the link is down.
    ENETDOWN: "unreachable",
    EOVERFLOW: "limit-reached",
  },
  otherwise: "invalid-argument",
  operations: {
    add: operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME, z.array(ROUTE), z.enum(["exclusive", "append", "replace"])]),
      run: (context, [, name, routes, mode]) => {
        addAll(containerOf(context), indexOf(context, name), routes, mode);
        noteRoutes(context, name, { added: routes, gone: mode === "replace" ? routes.map(placeOf) : [] });
      },
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([HANDLE, LINK_NAME, IP_FAMILY]),
      run: (context, [, name, family]) => {
        const container = containerOf(context);
        return container.rtnetlink.listRoutes(linkOf(container, name).index, family, { max: LIST_MAX });
      },
    }),
    delete: operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME, z.array(ROUTE)]),
      run: (context, [, name, routes]) => {
        const container = containerOf(context);
        const link = linkOf(container, name);
        for (const route of routes) deleteRoute(container, link.index, route);
        noteRoutes(context, name, { added: [], gone: routes });
      },
    }),
  },
};

/** Adds routes, all or none. What a `replace` replaced does not come back. */
function addAll(container: ContainerSide, index: number, routes: readonly Route[], mode: RouteMode): void {
  const added: Route[] = [];
  try {
    for (const route of routes) {
      container.rtnetlink.addRoute(index, route, mode);
      added.push(route);
    }
  } catch (error) {
    for (const route of added) deleteRoute(container, index, route);
    throw error;
  }
}

/** What a route that is replaced has in common with the one in its place. */
function placeOf({ destination, table, priority }: Route): Route {
  return { destination, table, priority };
}

/** Deletes a route; one that is not there is passed over. */
function deleteRoute({ rtnetlink }: ContainerSide, index: number, route: Route): void {
  try {
    rtnetlink.deleteRoute(index, route);
  } catch (error) {
    if (!isKernelError(error, "ESRCH")) throw error;
  }
}
