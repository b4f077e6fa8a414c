/**
 * @module What is on record of a pair beside what undoes it: where it is, and the addresses and routes that its end in the container was given. They
 * go with it, so nothing is written to undo them; CHECK and `doctor` compare them. Written with the row's mark that it is done: no write more.
 */
import type { Route } from "../../kernel/rtnetlink.ts";
import { textsOf } from "../kinds/kind.ts";
import { isSameRoute, routesIn, routeText } from "../kinds/routes.ts";
import type { JsonObject } from "../ledger/records.ts";
import type { OperationContext } from "./operation.ts";

/** A row of a pair. */
export interface NotedVeth {
  readonly id: number;
  readonly undo: JsonObject;
}

/** Marks a pair as made, with what is to be on record of it. */
export function noteVeth({ state, call }: OperationContext, noted: NotedVeth): void {
  state.ledger.done(noted.id, noted.undo);
  const { container } = noted.undo;
  if (typeof container === "string") call.operation.veths.set(container, noted);
}

/** Notes addresses of a link, if the operation made it. */
export function noteAddresses(context: OperationContext, link: string, addresses: readonly string[]): void {
  const noted = context.call.operation.veths.get(link);
  if (noted === undefined) return;
  noteVeth(context, {
    ...noted,
    undo: { ...noted.undo, addresses: [...textsOf(noted.undo["addresses"]), ...addresses] },
  });
}

/** Notes what became of the routes of a link: of one that the operation made; of another one of the attachment's, only what went. */
export function noteRoutes(
  context: OperationContext,
  link: string,
  { added, gone }: { readonly added: readonly Route[]; readonly gone: readonly Route[] },
): void {
  const made = context.call.operation.veths.get(link);
  const noted = made ?? (gone.length === 0 ? undefined : onRecord(context, link));
  if (noted === undefined) return;
  const before = routesIn(noted.undo["routes"]);
  // What went is told as it was asked for, or as the kernel had it, with what a row leaves to the kernel: the metric of IPv6.
  const kept = before.filter((route) => !gone.some((each) => isMeant(route, each) || isSameRoute(each, route)));
  const routes = [...kept, ...(made === undefined ? [] : added)];
  if (made === undefined && kept.length === before.length) return;
  const changed = { ...noted, undo: { ...noted.undo, routes: routes.map(routeText) } };
  if (made === undefined) context.state.ledger.done(changed.id, changed.undo);
  else noteVeth(context, changed);
}

/** Tells whether a deletion is about a route: what it leaves open matches anything. */
export function isMeant(route: Route, { gateway, ...asked }: Route): boolean {
  return isSameRoute(route, { ...asked, gateway: gateway ?? route.gateway });
}

/** Finds the attachment's pair with a name in the container. What another operation adds to it may be taken back without it. */
function onRecord({ state, call }: OperationContext, link: string): NotedVeth | undefined {
  const { key: attachment } = call.operation;
  return state.ledger
    .owned({ attachment, kind: "veth", nodeNetnsCookie: state.node.cookie })
    .findLast(({ undo }) => undo["container"] === link);
}
