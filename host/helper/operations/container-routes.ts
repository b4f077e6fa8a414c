/**
 * @module `container-routes`: routes over the container's links. Those over a link that the call made go with it; others are on record.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import type { Route, RouteMode } from "../../kernel/rtnetlink.ts";
import { KIND_OF_ROUTES } from "../kinds/container-routes.ts";
import { describeRoute, routeText } from "../kinds/routes.ts";
import type { ContainerSide } from "../state.ts";
import { HANDLE, IP_ADDRESS, IP_FAMILY, IP_PREFIX, LINK_NAME, U32 } from "./arguments.ts";
import { indexOf, linkOf } from "./container-links.ts";
import { isMeant, noteRoutes } from "./noted-veth.ts";
import { containerOf, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

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
        const index = indexOf(context, name);
        const changes = { link: name, added: routes, deleted: [] };
        const gone = mode === "replace" ? routes.map(placeOf) : [];
        recorded(context, { changes, gone }, (container) => addAll(container, index, routes, mode));
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
        const { index } = linkOf(containerOf(context), name);
        const deleted = thoseThere(containerOf(context), index, routes);
        recorded(context, { changes: { link: name, added: [], deleted }, gone: deleted }, (container) => {
          for (const route of deleted) deleteRoute(container, index, route);
        });
      },
    }),
  },
};

/** A change of the routes over one link. */
interface RouteChanges {
  readonly link: string;
  readonly added: readonly Route[];
  readonly deleted: readonly Route[];
}

/** Changes routes. Those over a link that the call made go with it; a change over another link is on record before it is made. */
function recorded(
  context: OperationContext,
  { changes, gone }: { readonly changes: RouteChanges; readonly gone: readonly Route[] },
  change: (container: ContainerSide) => void,
): void {
  const { state, call } = context;
  const { link, added, deleted } = changes;
  const container = containerOf(context);
  const isOwn = call.madeLinks.has(link);
  const row = isOwn ? undefined : writeIntent(context, container, changes);
  try {
    change(container);
  } catch (error) {
    // A deletion that fails half-way has no way back but the row.
    if (row !== undefined && deleted.length === 0) state.ledger.forget(row);
    throw error;
  }
  if (row !== undefined) state.ledger.done(row);
  noteRoutes(context, link, { added: isOwn ? added : [], gone });
}

function writeIntent(
  { state, call }: OperationContext,
  { path, netns }: ContainerSide,
  { link, added, deleted }: RouteChanges,
): number {
  const verb = deleted.length === 0 ? "added" : "deleted";
  return state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: KIND_OF_ROUTES,
    key: link,
    undo: {
      path,
      cookie: netns.cookie.toString(),
      link,
      added: added.map(routeText),
      deleted: deleted.map(routeText),
    },
    description: `routes over ${link} of the container ${verb}: ${[...added, ...deleted].map(describeRoute).join(", ")}`,
  });
}

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

/** Gives the routes that are there and are meant, as they are: it is these that are put back. */
function thoseThere({ rtnetlink }: ContainerSide, index: number, asked: readonly Route[]): readonly Route[] {
  const families = new Set(asked.map(({ destination }) => destination.address.tag));
  const there = [...families].flatMap((family) => rtnetlink.listRoutes(index, family, { max: LIST_MAX }));
  return there.filter((route) => asked.some((each) => isMeant(route, each)));
}

/** Deletes a route; one that is not there is passed over. */
function deleteRoute({ rtnetlink }: ContainerSide, index: number, route: Route): void {
  try {
    rtnetlink.deleteRoute(index, route);
  } catch (error) {
    if (!isKernelError(error, "ESRCH")) throw error;
  }
}
