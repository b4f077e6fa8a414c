/**
 * @module The tables of the ledger, and how those of earlier releases become them.
 *
 * Few indexes: each is one more page to write before every change of the kernel.
 */

/** Number of this schema, kept in `meta`. */
export const SCHEMA_VERSION = 2;

/** Users of shared things, one row for each plugin. `digest` `''`: by which plugin is not known. */
const SHARED_USERS = `
CREATE TABLE shared_users (
  shared_id INTEGER NOT NULL, container_id TEXT NOT NULL, network TEXT NOT NULL, ifname TEXT NOT NULL, digest TEXT NOT NULL,
  operation_id TEXT NOT NULL, boot INTEGER NOT NULL,
  PRIMARY KEY (shared_id, container_id, network, ifname, digest)
) WITHOUT ROWID;
`;

/** Attachments, one row for each scope. `operation_id`: the ADD that made the row. */
const ATTACHMENTS = `
CREATE TABLE attachments (
  container_id TEXT NOT NULL, network TEXT NOT NULL, ifname TEXT NOT NULL, scope TEXT NOT NULL,
  netns TEXT NOT NULL, cni_version TEXT NOT NULL, configuration TEXT NOT NULL, args TEXT NOT NULL, runtime_config TEXT NOT NULL,
  digests TEXT NOT NULL, result TEXT, created_at_ms INTEGER NOT NULL, operation_id TEXT NOT NULL, boot INTEGER NOT NULL,
  PRIMARY KEY (container_id, network, ifname, scope)
) WITHOUT ROWID;
`;

/** Makes every table of {@link SCHEMA_VERSION}. */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE boots (id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);

CREATE TABLE operations (
  id TEXT PRIMARY KEY, cookie TEXT NOT NULL,
  network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL,
  verb TEXT NOT NULL, started_at_ms INTEGER NOT NULL, origin TEXT NOT NULL, helper_pid INTEGER NOT NULL,
  boot INTEGER NOT NULL, within TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE owned (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  operation_id TEXT NOT NULL, call_id TEXT NOT NULL, cookie TEXT NOT NULL,
  network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL, digest TEXT NOT NULL,
  kind TEXT NOT NULL, key TEXT NOT NULL, undo TEXT NOT NULL, replaced TEXT, description TEXT NOT NULL,
  is_done INTEGER NOT NULL DEFAULT 0, boot INTEGER NOT NULL
);
CREATE INDEX owned_container ON owned (container_id);
CREATE INDEX owned_key ON owned (key);

CREATE TABLE shared (
  id INTEGER PRIMARY KEY AUTOINCREMENT, cookie TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  network TEXT NOT NULL, state TEXT NOT NULL, operation_id TEXT NOT NULL, undo TEXT NOT NULL, description TEXT NOT NULL,
  boot INTEGER NOT NULL,
  UNIQUE (cookie, kind, key)
);
${SHARED_USERS}CREATE INDEX shared_users_container ON shared_users (container_id);

CREATE TABLE leases (
  network TEXT NOT NULL, family INTEGER NOT NULL, address BLOB NOT NULL, set_index INTEGER NOT NULL,
  container_id TEXT NOT NULL, ifname TEXT NOT NULL, operation_id TEXT NOT NULL, boot INTEGER NOT NULL,
  digest TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (network, family, address)
) WITHOUT ROWID;
CREATE INDEX leases_container ON leases (container_id);
CREATE TABLE cursors (
  network TEXT NOT NULL, set_index INTEGER NOT NULL, family INTEGER NOT NULL, address BLOB NOT NULL,
  PRIMARY KEY (network, set_index)
) WITHOUT ROWID;

${ATTACHMENTS}
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, operation_id TEXT NOT NULL, call_id TEXT, event TEXT NOT NULL,
  network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL, data TEXT NOT NULL, hash TEXT NOT NULL
);
`;

/** Makes of the tables of a version those of the next. */
export const MIGRATIONS: Readonly<Record<number, string>> = {
  // Attachments by scope; who of an attachment's plugins uses a shared thing and gave an address; operations within others.
  1: `
ALTER TABLE operations ADD COLUMN within TEXT NOT NULL DEFAULT '';
ALTER TABLE leases ADD COLUMN digest TEXT NOT NULL DEFAULT '';

ALTER TABLE shared_users RENAME TO shared_users_1;
DROP INDEX shared_users_container;
${SHARED_USERS}
INSERT INTO shared_users SELECT shared_id, container_id, network, ifname, '', operation_id, boot FROM shared_users_1;
DROP TABLE shared_users_1;
CREATE INDEX shared_users_container ON shared_users (container_id);

ALTER TABLE attachments RENAME TO attachments_1;
${ATTACHMENTS}
INSERT INTO attachments SELECT container_id, network, ifname, '', netns, cni_version, configuration, args, runtime_config,
  digests, result, created_at_ms, '', boot FROM attachments_1;
DROP TABLE attachments_1;
`,
};
