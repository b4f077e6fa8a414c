/**
 * @module Everything that the host can ask of the helper.
 */
import { PROTOCOL_VERSION } from "../protocol.ts";
import type { ControlMethod, ControlMethods } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { removeUnusedComponents } from "../unused-components.ts";
import { repairAttachment } from "../truth/attachment.ts";
import { copyLedger, restoreLedger } from "../truth/copies.ts";
import { rebuildLedger } from "../truth/rebuild.ts";
import { examine } from "../truth/doctor.ts";
import { beginCall } from "./begin-call.ts";
import { beginOperation } from "./begin-operation.ts";
import { endCall } from "./end-call.ts";
import { endOperation } from "./end-operation.ts";
import { importLeases } from "./import-leases.ts";
import {
  listAttachments,
  readAttachment,
  readLeases,
  readLedger,
  readLegacyTypes,
  readLog,
  readPlugins,
} from "./reading.ts";
import { readRecentPlugins } from "./recent-plugins.ts";
import { recordLegacyCall } from "./record-legacy-call.ts";
import { readStatus } from "./status.ts";
import { listStale, sweepNetwork } from "./sweep-network.ts";

/** Answers one method; its parameters have the right shape. */
export type Method<M extends ControlMethod> = (
  state: HelperState,
  params: ControlMethods[M]["params"],
) => ControlMethods[M]["result"] | Promise<ControlMethods[M]["result"]>;

/** One function for each method. */
export const METHODS: { readonly [M in ControlMethod]: Method<M> } = {
  hello: (state) => ({
    protocol: PROTOCOL_VERSION,
    version: state.version,
    pid: process.pid,
    isolation: state.isolation,
    nodeNetnsCookie: state.node.cookie,
    stateDir: state.layout.stateDir,
  }),
  "begin-operation": beginOperation,
  "begin-call": beginCall,
  "end-call": endCall,
  "end-operation": endOperation,
  "repair-attachment": repairAttachment,
  "copy-ledger": copyLedger,
  "restore-ledger": restoreLedger,
  "rebuild-ledger": rebuildLedger,
  examine,
  "record-legacy-call": recordLegacyCall,
  "kill-sandbox": killSandbox,
  "list-stale": listStale,
  "sweep-network": sweepNetwork,
  "read-status": readStatus,
  "remove-unused": (state) => ({ digests: removeUnusedComponents(state) }),
  "list-plugins": readPlugins,
  "list-recent": readRecentPlugins,
  "list-legacy": readLegacyTypes,
  "read-attachment": readAttachment,
  "list-attachments": listAttachments,
  "read-ledger": readLedger,
  "read-leases": readLeases,
  "import-leases": importLeases,
  "read-log": readLog,
};

/** Kills a sandbox; one that is gone is killed already. Its call, if one is open, is still to be ended. */
function killSandbox(state: HelperState, { sandboxId }: { sandboxId: string; reason: string }): Record<string, never> {
  state.sandboxes.get(sandboxId)?.end();
  return {};
}
