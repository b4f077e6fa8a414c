/**
 * @module Shapes of what the host may ask. Wrong shape is a breach; wrong content is answered with an error.
 */
import * as z from "zod";
import { isDigest } from "../../components/layout.ts";
import type { ControlMethod, ControlMethods, Digest } from "../protocol.ts";

const NAME = z.string().max(255);
/** An id that the host chose. It becomes a file's name: nothing but a UUID in lower case will do. */
const NEW_ID = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u);
const DIGEST = z.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const PAIRS = z.array(z.tuple([z.string(), z.string()])).max(1024);
const PHASES = z.record(z.string().max(64), z.number());
const ATTACHMENT = { network: NAME, containerId: NAME, ifname: NAME };
const FILTER = z.strictObject({ network: NAME.optional(), containerId: NAME.optional() });
const LOG_LINE = z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]), message: z.string() });

/** Addresses that one `import-leases` takes over at most: a transaction that others wait for. */
const IMPORT_MAX = 10_000;
const SET_INDEX = z.int().min(0).max(0xffff);

/** Handles have 31 bits. */
const HANDLE_MAX = 2 ** 31 - 1;

/** What a JSON text cannot say, `undefined`, arrives as a missing key. */
const TEXT_OR_ABSENT = z
  .string()
  .optional()
  .transform((text) => text);

const SWEEP = z.strictObject({
  operationId: NAME,
  valid: z.array(z.strictObject({ containerId: NAME, ifname: NAME })).max(100_000),
});

const KNOWN = z.strictObject({
  ...ATTACHMENT,
  netns: z.string().max(4096),
  configuration: z.string(),
  args: PAIRS,
  runtimeConfig: z.string(),
  result: z.string(),
});

/** One schema for each method of {@link ControlMethods}. */
export const METHOD_SCHEMAS = {
  hello: z.strictObject({}),
  "begin-operation": z.strictObject({
    ...ATTACHMENT,
    operationId: NEW_ID,
    verb: z.enum(["ADD", "DEL", "CHECK", "STATUS", "GC"]),
    scope: NAME,
    within: NEW_ID.optional(),
    netns: z.string().max(4096),
    cniVersion: z.string().max(32),
    configuration: z.string(),
    args: PAIRS,
    runtimeConfig: z.string(),
    types: z.array(NAME).max(64),
    origin: z.string().max(255),
  }),
  "begin-call": z.strictObject({
    operationId: NAME,
    callId: NEW_ID,
    sandboxId: NAME,
    type: NAME,
    digest: DIGEST,
    export: z.enum(["attachment", "chained", "addresses", "network"]),
    containerHandle: z.int().min(0).max(HANDLE_MAX),
    configuration: z.string(),
    runtimeConfig: z.string(),
    previousResult: TEXT_OR_ABSENT,
    parentCallId: TEXT_OR_ABSENT,
  }),
  "end-call": z.strictObject({
    callId: NAME,
    outcome: z.enum(["ok", "error", "trap", "killed"]),
    addresses: z.array(z.string().max(64)).max(256),
    error: z.strictObject({ code: z.number(), message: z.string() }).optional(),
    log: z.array(LOG_LINE),
    phasesMicroseconds: PHASES,
    isUnhurried: z.boolean(),
  }),
  "record-legacy-call": z.strictObject({
    operationId: NAME,
    parentCallId: TEXT_OR_ABSENT,
    type: NAME,
    path: z.string().max(4096),
    verb: z.enum(["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"]),
    outcome: z.enum(["begun", "ok", "error", "killed"]),
    addresses: z.array(z.string().max(64)).max(256),
    error: z.strictObject({ code: z.number(), message: z.string() }).optional(),
    stderr: z.string(),
    microseconds: z.number(),
  }),
  "end-operation": z.strictObject({
    operationId: NAME,
    outcome: z.enum(["ok", "error"]),
    result: TEXT_OR_ABSENT,
    phasesMicroseconds: PHASES,
  }),
  "copy-ledger": z.strictObject({ table: NAME, offset: z.int().min(0) }),
  "restore-ledger": z.strictObject({ lines: z.array(z.string()).max(1_000) }),
  "rebuild-ledger": z.strictObject({ known: z.array(KNOWN).max(100_000) }),
  examine: z.strictObject({ repair: z.boolean(), removeUntold: z.boolean() }),
  "repair-attachment": z.strictObject({ operationId: NAME }),
  "kill-sandbox": z.strictObject({ sandboxId: NAME, reason: z.string() }),
  "list-stale": SWEEP,
  "sweep-network": SWEEP,
  "read-status": z.strictObject({
    network: NAME,
    plugins: z.array(z.strictObject({ type: NAME, unused: z.array(NAME).max(64) })).max(64),
  }),
  "remove-unused": z.strictObject({}),
  "list-plugins": z.strictObject({}),
  "list-recent": z.strictObject({}),
  "list-legacy": z.strictObject({}),
  "read-attachment": z.strictObject({ ...ATTACHMENT, scope: NAME.optional() }),
  "list-attachments": FILTER,
  "read-ledger": FILTER,
  "read-leases": FILTER,
  "import-leases": z.strictObject({
    network: NAME,
    leases: z
      .array(z.strictObject({ address: NAME, containerId: NAME, ifname: NAME, setIndex: SET_INDEX }))
      .max(IMPORT_MAX),
    cursors: z.array(z.strictObject({ setIndex: SET_INDEX, address: NAME })).max(256),
  }),
  "read-log": z.strictObject({
    containerId: NAME.optional(),
    operationId: NAME.optional(),
    limit: z.int().min(1).max(100_000).optional(),
  }),
} as const satisfies Readonly<Record<ControlMethod, z.ZodType>>;

/** What each method's parameters are after they were judged. */
export type MethodParams<M extends ControlMethod> = ControlMethods[M]["params"];

/** Shape of every request on the host's channel. */
export const REQUEST_SCHEMA = z.strictObject({ id: z.int().min(0), method: z.string(), params: z.unknown() });
