/**
 * @module The table of kinds. One more kind of row is one more module beside this one, and one more line here.
 */
import { FORWARD_BY_IPTABLES, IPTABLES_FRAME, MASQUERADE_BY_IPTABLES } from "../iptables-things.ts";
import type { OwnedRow, SharedRow } from "../ledger/records.ts";
import { HOST_PORT, PORT_CONDITIONS, PORT_LINK, PUBLISHED_ADDRESS } from "../published-ports.ts";
import { bridge } from "./bridge.ts";
import { containerAddress } from "./container-address.ts";
import { containerLink } from "./container-link.ts";
import { containerLinkAttributes, KIND_OF_ATTRIBUTES } from "./container-link-attributes.ts";
import { containerRoutes, KIND_OF_ROUTES } from "./container-routes.ts";
import { containerRules, KIND_OF_RULES } from "./container-rules.ts";
import { containerSysctls, KIND_OF_SETTINGS } from "./container-sysctls.ts";
import { FIREWALLD_SOURCE, firewalldSource } from "./firewalld-source.ts";
import { forwardRules } from "./forward-rules.ts";
import { hostPort, portConditions, portLink, publishedAddress } from "./host-ports.ts";
import { forwardRulesByIptables, iptablesFrame, masqueradeByIptables } from "./iptables.ts";
import { isolation } from "./isolation.ts";
import type { OwnedKind, SharedKind } from "./kind.ts";
import { masquerade } from "./masquerade.ts";
import { namespace } from "./namespace.ts";
import { nodeAddress } from "./node-address.ts";
import { KIND_OF_RATES, shaping } from "./shaping.ts";
import { SPOOF_GUARD, spoofGuard } from "./spoof-guard.ts";
import { veth } from "./veth.ts";

/** What one attachment owns, by the kind of its rows. */
export const OWNED_KINDS: Readonly<Record<string, OwnedKind>> = {
  namespace,
  veth,
  masquerade,
  "forward-rules": forwardRules,
  [MASQUERADE_BY_IPTABLES]: masqueradeByIptables,
  [FORWARD_BY_IPTABLES]: forwardRulesByIptables,
  [FIREWALLD_SOURCE]: firewalldSource,
  [HOST_PORT]: hostPort,
  [PUBLISHED_ADDRESS]: publishedAddress,
  [PORT_CONDITIONS]: portConditions,
  [PORT_LINK]: portLink,
  [KIND_OF_RATES]: shaping,
  [SPOOF_GUARD]: spoofGuard,
  "container-link": containerLink,
  "container-address": containerAddress,
  [KIND_OF_ATTRIBUTES]: containerLinkAttributes,
  [KIND_OF_SETTINGS]: containerSysctls,
  [KIND_OF_ROUTES]: containerRoutes,
  [KIND_OF_RULES]: containerRules,
};

/** What attachments share, by the kind of its rows. */
export const SHARED_KINDS: Readonly<Record<string, SharedKind>> = {
  bridge,
  isolation,
  [IPTABLES_FRAME]: iptablesFrame,
  "node-address": nodeAddress,
};

/** Gives the kind of what one attachment owns. */
export function kindOf({ kind }: Pick<OwnedRow, "kind">): OwnedKind {
  return known(OWNED_KINDS, kind);
}

/** Gives the kind of what attachments share. */
export function sharedKindOf({ kind }: Pick<SharedRow, "kind">): SharedKind {
  return known(SHARED_KINDS, kind);
}

function known<Kind>(table: Readonly<Record<string, Kind>>, name: string): Kind {
  const kind = Object.hasOwn(table, name) ? table[name] : undefined;
  if (kind === undefined)
    throw new Error(`no way to undo ${JSON.stringify(name)} is known: written by a newer release`);
  return kind;
}
