CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE boots (id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);

CREATE TABLE operations (
  id TEXT PRIMARY KEY, cookie TEXT NOT NULL,
  network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL,
  verb TEXT NOT NULL, started_at_ms INTEGER NOT NULL, origin TEXT NOT NULL, helper_pid INTEGER NOT NULL,
  boot INTEGER NOT NULL
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
CREATE TABLE shared_users (
  shared_id INTEGER NOT NULL, container_id TEXT NOT NULL, network TEXT NOT NULL, ifname TEXT NOT NULL,
  operation_id TEXT NOT NULL, boot INTEGER NOT NULL,
  PRIMARY KEY (shared_id, container_id, network, ifname)
) WITHOUT ROWID;
CREATE INDEX shared_users_container ON shared_users (container_id);

CREATE TABLE leases (
  network TEXT NOT NULL, family INTEGER NOT NULL, address BLOB NOT NULL, set_index INTEGER NOT NULL,
  container_id TEXT NOT NULL, ifname TEXT NOT NULL, operation_id TEXT NOT NULL, boot INTEGER NOT NULL,
  PRIMARY KEY (network, family, address)
) WITHOUT ROWID;
CREATE INDEX leases_container ON leases (container_id);
CREATE TABLE cursors (
  network TEXT NOT NULL, set_index INTEGER NOT NULL, family INTEGER NOT NULL, address BLOB NOT NULL,
  PRIMARY KEY (network, set_index)
) WITHOUT ROWID;

CREATE TABLE attachments (
  container_id TEXT NOT NULL, network TEXT NOT NULL, ifname TEXT NOT NULL,
  netns TEXT NOT NULL, cni_version TEXT NOT NULL, configuration TEXT NOT NULL, args TEXT NOT NULL, runtime_config TEXT NOT NULL,
  digests TEXT NOT NULL, result TEXT, created_at_ms INTEGER NOT NULL, boot INTEGER NOT NULL,
  PRIMARY KEY (container_id, network, ifname)
) WITHOUT ROWID;

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, operation_id TEXT NOT NULL, call_id TEXT, event TEXT NOT NULL,
  network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL, data TEXT NOT NULL, hash TEXT NOT NULL
);
