-- What a ledger that was put back must not mix up.

-- An inquiry is known by an id that nobody else gives; of one from before that it is its number. `label` is
-- the number that it was given, which two may have, `began` its first stamp, and `inquiry` the number that it
-- is shown with. `device` and `service` are those of its connection, whose number another life gives to
-- another; `connection` is the number of one that is known by nothing else.
CREATE TABLE inquiries_by_id (
  site       TEXT   NOT NULL REFERENCES sites (site),
  id         TEXT   NOT NULL,
  label      BIGINT NOT NULL,
  began      TEXT   NOT NULL,
  inquiry    BIGINT NOT NULL,
  connection BIGINT,
  device     TEXT,
  service    TEXT,
  asked      BIGINT NOT NULL,
  due        BIGINT NOT NULL,
  answered   BIGINT,
  detail     TEXT   NOT NULL,
  PRIMARY KEY (site, id)
);

INSERT INTO inquiries_by_id (site, id, label, began, inquiry, connection, asked, due, answered, detail)
  SELECT site, '' || inquiry, inquiry, '', inquiry, connection, asked, due, answered, detail FROM inquiries;

CREATE TABLE inquiry_evidence_by_id (
  site  TEXT   NOT NULL,
  id    TEXT   NOT NULL,
  hash  TEXT   NOT NULL,
  name  TEXT   NOT NULL,
  bytes BIGINT NOT NULL,
  added BIGINT NOT NULL,
  PRIMARY KEY (site, id, hash),
  FOREIGN KEY (site, id) REFERENCES inquiries_by_id (site, id)
);

INSERT INTO inquiry_evidence_by_id (site, id, hash, name, bytes, added)
  SELECT site, '' || inquiry, hash, name, bytes, added FROM inquiry_evidence;

DROP TABLE inquiry_evidence;
DROP TABLE inquiries;
ALTER TABLE inquiries_by_id RENAME TO inquiries;
ALTER TABLE inquiry_evidence_by_id RENAME TO inquiry_evidence;

CREATE INDEX inquiries_by_number ON inquiries (site, inquiry);
CREATE INDEX inquiries_by_label ON inquiries (site, label);
CREATE INDEX inquiries_by_connection ON inquiries (site, connection);
CREATE INDEX inquiries_by_device ON inquiries (site, device);

-- `own_until` is how far, in the order of arrival, a site may have lost decisions of its own, which go back
-- to it; `lost` is 1 where this ledger may have lost decisions that the site has. `source` is what is known of
-- the machine that sends, `other_at` when another was refused.
ALTER TABLE sync_in ADD COLUMN own_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sync_in ADD COLUMN lost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sync_in ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE sync_in ADD COLUMN other_at BIGINT;

-- How many lines of the journal of members, keys and revocations are in this ledger (`sync/journal.rs`).
CREATE TABLE members_journal (lines BIGINT NOT NULL);
INSERT INTO members_journal (lines) VALUES (0);
