-- Many sites in one ledger, each sent by its own. What a site keeps to send is made when it first sends
-- (`sync/log.rs`); here is what both sides have, and what the receiving one keeps.

-- How far a site has been received: the life of its ledger, the place in it, the sending that brought it
-- there. `complete` is 0 while a new life is being received and the rows of the one before are still here.
CREATE TABLE sync_in (
  site       TEXT   NOT NULL PRIMARY KEY,
  epoch      TEXT   NOT NULL,
  seq        BIGINT NOT NULL,
  sending    TEXT   NOT NULL,
  complete   BIGINT NOT NULL,
  outcome    TEXT   NOT NULL,
  entries    BIGINT NOT NULL,
  applied_at BIGINT NOT NULL
);

-- Lives that are over: what comes late of one is not taken.
CREATE TABLE sync_epochs (
  site  TEXT NOT NULL,
  epoch TEXT NOT NULL,
  PRIMARY KEY (site, epoch)
);

-- Rows of the life before that the new one has not confirmed yet.
CREATE TABLE sync_stale (
  site       TEXT NOT NULL,
  table_name TEXT NOT NULL,
  row_key    TEXT NOT NULL,
  PRIMARY KEY (site, table_name, row_key)
);

-- What people decided, field by field: the latest stamp holds. `origin` is 1 for what the other side sent,
-- `arrived` the order in which it came here.
CREATE TABLE decisions (
  site    TEXT   NOT NULL,
  kind    TEXT   NOT NULL,
  subject TEXT   NOT NULL,
  field   TEXT   NOT NULL,
  stamp   TEXT   NOT NULL,
  value   TEXT,
  author  TEXT   NOT NULL,
  origin  BIGINT NOT NULL,
  arrived BIGINT NOT NULL,
  PRIMARY KEY (site, kind, subject, field, stamp)
);

CREATE INDEX decisions_in_order ON decisions (site, arrived);
CREATE INDEX decisions_by_stamp ON decisions (site, stamp);

-- The history of a life that is over, as far as the next one does not tell the same.
CREATE TABLE former_changes (
  site         TEXT   NOT NULL,
  epoch        TEXT   NOT NULL,
  change       BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  recorded_at  BIGINT NOT NULL,
  capture      BIGINT NOT NULL,
  cause        TEXT   NOT NULL,
  kind         TEXT   NOT NULL,
  subject_kind TEXT   NOT NULL,
  subject      TEXT   NOT NULL,
  before_json  TEXT,
  after_json   TEXT,
  PRIMARY KEY (site, epoch, change)
);

-- The sites whose history is being moved there, or that are being removed as a whole, within one
-- transaction: for these the history may go.
CREATE TABLE sync_moving (site TEXT NOT NULL PRIMARY KEY);

-- The sites of a collector, whether anything came from them or not.
CREATE TABLE members (
  site     TEXT   NOT NULL PRIMARY KEY,
  added_at BIGINT NOT NULL
);

-- Codes to enrol with: `secret` is what the code comes to, `used_by` the key that has used it.
CREATE TABLE invitations (
  id         TEXT   NOT NULL PRIMARY KEY,
  site       TEXT   NOT NULL,
  secret     TEXT   NOT NULL,
  expires_at BIGINT NOT NULL,
  tries      BIGINT NOT NULL,
  used_by    TEXT
);

-- Keys that boxes made, and to whom bundles for them are encrypted. A removed site's stay, revoked.
CREATE TABLE credentials (
  public_key  TEXT   NOT NULL PRIMARY KEY,
  site        TEXT   NOT NULL,
  recipient   TEXT   NOT NULL,
  enrolled_at BIGINT NOT NULL,
  revoked_at  BIGINT
);

CREATE INDEX credentials_by_site ON credentials (site);
