/**
 * @module Opens the ledger.
 */
import { layoutOf } from "../../components/layout.ts";
import { readBootId } from "../../kernel/boot-id.ts";
import type { HostLocalStore } from "../host-local-store.ts";
import type { AuditRow } from "../protocol.ts";
import type { AttachmentStore } from "./attachment-store.ts";
import { AttachmentTable } from "./attachments.ts";
import { AUDIT_BUFFER_ROWS, AuditTable } from "./audit.ts";
import { examineLedger } from "./examine.ts";
import type { LedgerProblem } from "./examine.ts";
import { Database, recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { LeaseTable } from "./leases.ts";
import { MirroredLeases } from "./mirrored-leases.ts";
import { OperationTable } from "./operations.ts";
import { OwnedTable } from "./owned.ts";
import { copyRows, restoreRows } from "./raw.ts";
import type { CopiedPart, CopiedRow } from "./raw.ts";
import { readBoot, reclaim } from "./reclaim.ts";
import type { Lease, LeaseStore } from "./lease-records.ts";
import type {
  AuditEntry,
  AuditFilter,
  Intent,
  JsonObject,
  Ledger,
  LedgerOptions,
  OperationRecord,
  OwnedFilter,
  OwnedRow,
  Owner,
  Reclaimed,
  SharedStore,
} from "./records.ts";
import { SharedTable } from "./shared.ts";

/**
 * Opens the ledger of a state directory that is there, and creates it when it is new.
 * @throws {CniError} stateUnusable when it cannot be opened, or was written by a newer release; then nothing is changed.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { stateDir, nodeNetnsCookie, now, bootId, hostLocalStore } = options;
  const database = Database.open(layoutOf(stateDir).ledger);
  const thisBoot = bootId ?? readBootId();
  const { boot, rebooted } = readBoot(database, thisBoot);
  return new SqliteLedger({ database, boot }, { nodeNetnsCookie, now, rebooted, hostLocalStore, bootId: thisBoot });
}

interface Facts {
  readonly nodeNetnsCookie: string;
  readonly now: () => number;
  readonly rebooted: boolean;
  readonly bootId: string;
  readonly hostLocalStore: HostLocalStore | undefined;
}

class SqliteLedger implements Ledger {
  readonly rebooted: boolean;
  readonly bootId: string;
  readonly shared: SharedStore;
  readonly leases: LeaseStore;
  readonly attachments: AttachmentStore;
  readonly #context: Context;
  readonly #nodeNetnsCookie: string;
  readonly #operations: OperationTable;
  readonly #owned: OwnedTable;
  readonly #audit: AuditTable;
  readonly #mirrored: MirroredLeases | undefined;

  constructor(context: Context, { nodeNetnsCookie, now, rebooted, hostLocalStore, bootId }: Facts) {
    this.bootId = bootId;
    this.rebooted = rebooted;
    this.shared = new SharedTable(context);
    const table = new LeaseTable(context);
    this.#mirrored = hostLocalStore === undefined ? undefined : new MirroredLeases(context, table, hostLocalStore);
    this.leases = this.#mirrored ?? table;
    this.attachments = new AttachmentTable(context);
    this.#context = context;
    this.#nodeNetnsCookie = nodeNetnsCookie;
    this.#operations = new OperationTable(context);
    this.#owned = new OwnedTable(context);
    this.#audit = new AuditTable(context, now);
  }

  openOperation(operation: OperationRecord): void {
    this.#operations.open(operation);
  }

  closeOperation(id: string): void {
    this.#operations.close(id);
  }

  handOver({ id, containerId }: Pick<OperationRecord, "id" | "containerId">, to: string): void {
    const { database } = this.#context;
    recorded("hand-over", () =>
      this.transaction(() => {
        for (const table of ["owned", "leases", "shared_users", "attachments"]) {
          const sql = `UPDATE ${table} SET operation_id = ? WHERE container_id = ? AND operation_id = ?`;
          database.run(sql, to, containerId, id);
        }
      }),
    );
  }

  unfinishedOperations(): OperationRecord[] {
    return this.#operations.list(this.#nodeNetnsCookie);
  }

  readOperation(id: string): OperationRecord | undefined {
    return this.#operations.read(id);
  }

  intent(owner: Owner, intent: Intent): number {
    return this.#owned.intent(owner, intent);
  }

  done(id: number, undo?: JsonObject): void {
    this.#owned.markDone(id, undo);
  }

  forget(id: number): void {
    this.#owned.markForgotten(id);
  }

  owned(filter: OwnedFilter): OwnedRow[] {
    return this.#owned.list(filter);
  }

  hasOwned(filter: OwnedFilter): boolean {
    return this.#owned.has(filter);
  }

  findOwned(filter: OwnedFilter, otherThan: number): OwnedRow | undefined {
    return this.#owned.find(filter, otherThan);
  }

  audit(entry: AuditEntry): void {
    this.#audit.add(entry);
    if (this.#audit.waiting >= AUDIT_BUFFER_ROWS) this.flush();
  }

  readAudit(filter: AuditFilter): AuditRow[] {
    this.flush();
    return this.#audit.read(filter);
  }

  exportJsonLines(afterSequence = 0): Iterable<string> {
    this.flush();
    return this.#audit.exportJsonLines(afterSequence);
  }

  rotateAudit(keepRows: number): number {
    this.flush();
    return this.transaction(() => this.#audit.rotate(keepRows));
  }

  transaction<T>(body: () => T): T {
    return this.#context.database.transaction(body);
  }

  flush(): void {
    if (!this.#owned.hasMarks && this.#audit.waiting === 0) return;
    recorded("flush", () =>
      this.transaction(() => {
        this.#owned.writeMarks();
        this.#audit.write();
      }),
    );
  }

  reclaimAfterReboot(): Reclaimed {
    return recorded("reclaim", () =>
      this.transaction(() => {
        this.#mirrored?.removeFormer();
        return reclaim(this.#context);
      }),
    );
  }

  copy(part: CopiedPart): readonly CopiedRow[] {
    this.flush();
    return copyRows(this.#context.database, part);
  }

  restore(rows: readonly CopiedRow[]): number {
    return restoreRows(this.#context, rows);
  }

  examine(): readonly LedgerProblem[] {
    this.flush();
    return examineLedger(this.#context.database);
  }

  agreeWithStore(): readonly Lease[] {
    return this.#mirrored?.agree() ?? [];
  }

  close(): void {
    this.flush();
    this.#context.database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
