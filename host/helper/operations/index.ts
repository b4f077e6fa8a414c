/**
 * @module The helper's policy: every operation that it can do. What is not listed here does not exist.
 */
import { tableOf } from "../dispatch.ts";
import type { OperationTable } from "../dispatch.ts";
import { CONNTRACK } from "./conntrack.ts";
import { CONTAINER_ADDRESSES } from "./container-addresses.ts";
import { CONTAINER_LINK_ATTRIBUTES } from "./container-link-attributes.ts";
import { CONTAINER_LINKS } from "./container-links.ts";
import { CONTAINER_ROUTES } from "./container-routes.ts";
import { CONTAINER_RULES } from "./container-rules.ts";
import { CONTAINER_SYSCTLS } from "./container-sysctls.ts";
import { FORWARD_RULES } from "./forward-rules.ts";
import { HOST_PORTS } from "./host-ports.ts";
import { LEASES } from "./leases.ts";
import { MASQUERADE } from "./masquerade.ts";
import { NODE_ADDRESSES } from "./node-addresses.ts";
import { NODE_FORWARDING } from "./node-forwarding.ts";
import { NODE_LINKS } from "./node-links.ts";
import { NODE_ROUTES } from "./node-routes.ts";
import { RESOLVER_FILE } from "./resolver-file.ts";
import { SHAPING } from "./shaping.ts";
import { SPOOF_GUARD_OPERATIONS } from "./spoof-guard.ts";

export const OPERATIONS: OperationTable = tableOf([
  CONTAINER_LINKS,
  CONTAINER_ADDRESSES,
  CONTAINER_ROUTES,
  CONTAINER_RULES,
  CONTAINER_LINK_ATTRIBUTES,
  CONTAINER_SYSCTLS,
  NODE_LINKS,
  NODE_ADDRESSES,
  NODE_ROUTES,
  NODE_FORWARDING,
  MASQUERADE,
  FORWARD_RULES,
  HOST_PORTS,
  SHAPING,
  CONNTRACK,
  SPOOF_GUARD_OPERATIONS,
  LEASES,
  RESOLVER_FILE,
]);
