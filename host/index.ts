/**
 * @module The public door: what is not named here is private.
 */
export { createHost } from "./host.ts";
export { loadNetworkFile, loadNetworkList, loadNetworkLists } from "./operations/configuration/load.ts";
export { parseNetworkList } from "./operations/configuration/network-list.ts";
export { CniError, ERROR_CODES, isCniError } from "./spec/error.ts";
export { convertResult } from "./spec/result-json.ts";
export { SUPPORTED_VERSIONS } from "./spec/version.ts";
export type { CachedAttachment, CheckReport, Host, HostOptions, InstallPlan } from "./api.ts";
export type {
  AttachmentRequest,
  CachedRequest,
  CheckRequest,
  DoctorRequest,
  ExecRequest,
  GcAllRequest,
  GcRequest,
  InstallRequest,
  ReadFilter,
  RebuildRequest,
  StatusRequest,
  ValidateRequest,
} from "./requests.ts";
export type { ImportLeasesRequest, ImportReport } from "./operations/import-leases/import-leases.ts";
export type {
  AttachmentRecord,
  AuditRow,
  Difference,
  DifferenceKind,
  Examination,
  LivingOperation,
  RebuiltLedger,
  Digest,
  InstalledPlugin,
  LegacyType,
  LeaseRow,
  LedgerRow,
  Limits,
} from "./helper/protocol.ts";
export type { LoadOptions, LoadedNetworkLists, LoadingRules, SkippedFile } from "./operations/configuration/load.ts";
export type { LoadedNetworkList, NetworkList } from "./operations/configuration/network-list.ts";
export type { ValidationProblem, ValidationReport } from "./operations/validation/report.ts";
export type { CniArguments } from "./spec/arguments.ts";
export type { PluginConfiguration } from "./spec/configuration.ts";
export type { CniErrorJson, CniErrorKind, CniErrorOptions } from "./spec/error.ts";
export type { JsonObject, JsonValue } from "./spec/json.ts";
export type { VersionResult } from "./spec/version.ts";
