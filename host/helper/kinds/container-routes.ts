/**
 * @module Changes of the routes over a link that the call did not make: `added` of a row go, `deleted` come back. Those over a link that
 * the call made are on record with that: see `veth.ts`.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Route } from "../../kernel/rtnetlink.ts";
import { compareOnLink, onLink } from "../undo/container.ts";
import type { OwnedKind } from "./kind.ts";
import { addMissingRoutes, compareRoutes, missingRoutes, routesIn } from "./routes.ts";

/** Kind of a row about routes. */
export const KIND_OF_ROUTES = "container-routes";

/** What the kernel says of a route that went with its link or its gateway, or that is there again. */
const PASSED_OVER: readonly string[] = [
  "ESRCH",
  "EEXIST",
  "ENODEV",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "EINVAL",
];

export const containerRoutes: OwnedKind = {
  undo: (_state, { undo }) =>
    onLink(undo, (rtnetlink, link) => {
      const { index } = link;
      for (const route of routesIn(undo["added"])) passingOver(() => rtnetlink.deleteRoute(index, route));
      // One that is there still, or again, would be there twice.
      for (const route of inOrder(missingRoutes(rtnetlink, link, undo["deleted"])))
        passingOver(() => rtnetlink.addRoute(index, route, "append"));
    }),
  compare: (_state, { key, undo }) =>
    compareOnLink(undo, (rtnetlink, link) => compareRoutes({ rtnetlink, link, name: key }, undo["added"])),
  repair: (_state, { undo }) => onLink(undo, (rtnetlink, link) => addMissingRoutes(rtnetlink, link, undo["added"])),
  objects: () => [],
};

/** A gateway is reached by a route without one: those come first. */
function inOrder(routes: readonly Route[]): readonly Route[] {
  return [
    ...routes.filter(({ gateway }) => gateway === undefined),
    ...routes.filter(({ gateway }) => gateway !== undefined),
  ];
}

function passingOver(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error) || !PASSED_OVER.includes(error.errno)) throw error;
  }
}
