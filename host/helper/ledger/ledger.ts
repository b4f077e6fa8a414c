/**
 * @module Opens the ledger.
 */
import { layoutOf } from "../../components/layout.ts";
import { readBootId } from "../../kernel/boot-id.ts";
import type { AuditRow } from "../protocol.ts";
import { AttachmentTable } from "./attachments.ts";
import { AUDIT_BUFFER_ROWS, AuditTable } from "./audit.ts";
import { Database, recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { LeaseTable } from "./leases.ts";
import { OperationTable } from "./operations.ts";
import { OwnedTable } from "./owned.ts";
import { readBoot, reclaim } from "./reclaim.ts";
import type {
  AttachmentStore,
  AuditEntry,
  AuditFilter,
  Intent,
  JsonObject,
  Ledger,
  LedgerOptions,
  LeaseStore,
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
export function openLedger({ stateDir, nodeNetnsCookie, now, hook = () => {}, bootId }: LedgerOptions): Ledger {
  const database = Database.open(layoutOf(stateDir).ledger);
  const { boot, rebooted } = readBoot(database, bootId ?? readBootId());
  return new SqliteLedger({ database, boot, hook }, { nodeNetnsCookie, now, rebooted });
}

interface Facts {
  readonly nodeNetnsCookie: string;
  readonly now: () => number;
  readonly rebooted: boolean;
}

class SqliteLedger implements Ledger {
  readonly rebooted: boolean;
  readonly shared: SharedStore;
  readonly leases: LeaseStore;
  readonly attachments: AttachmentStore;
  readonly #context: Context;
  readonly #nodeNetnsCookie: string;
  readonly #operations: OperationTable;
  readonly #owned: OwnedTable;
  readonly #audit: AuditTable;

  constructor(context: Context, { nodeNetnsCookie, now, rebooted }: Facts) {
    this.rebooted = rebooted;
    this.shared = new SharedTable(context);
    this.leases = new LeaseTable(context);
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
    recorded(this.#context, "flush", () =>
      this.transaction(() => {
        this.#owned.writeMarks();
        this.#audit.write();
      }),
    );
  }

  reclaimAfterReboot(): Reclaimed {
    return reclaim(this.#context);
  }

  close(): void {
    this.flush();
    this.#context.database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
