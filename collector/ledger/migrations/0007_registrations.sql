-- What the hospital declared, what people asked about it, and the files that prove the answers.
-- `expires` is the end of the last day on which the registration holds, `met` whether any connection
-- fits it. A registration that was taken back keeps its row: the history refers to it.

CREATE TABLE registrations (
  site         TEXT   NOT NULL REFERENCES sites (site),
  registration TEXT   NOT NULL,
  expires      BIGINT,
  met          BIGINT NOT NULL,
  revoked_at   BIGINT,
  registered   BIGINT NOT NULL,
  detail       TEXT   NOT NULL,
  PRIMARY KEY (site, registration)
);

-- The registration that a connection fits best, copied with what its status depends on, so that the list
-- is filtered without looking for it: written when either of the two changes. `outside_hours` is the last
-- hour in which it spoke and was not permitted to.
ALTER TABLE connections ADD COLUMN registration TEXT;
ALTER TABLE connections ADD COLUMN expires BIGINT;
ALTER TABLE connections ADD COLUMN outside_hours BIGINT;

CREATE INDEX connections_by_registration ON connections (site, registration);

-- As before, and with `expires`, on which the status that is shown depends.
DROP INDEX connections_in_order;
CREATE INDEX connections_in_order ON connections (
  (CASE status WHEN 'unregistered' THEN 0 ELSE 100 END
    + CASE tunnel WHEN 0 THEN 50 ELSE 0 END
    + CASE category WHEN 'system-maintenance' THEN 1 WHEN 'network-maintenance' THEN 2
        WHEN 'modality-maintenance' THEN 3 WHEN 'eligibility' THEN 4 WHEN 'regional-liaison' THEN 5
        WHEN 'remote-reading' THEN 6 WHEN 'research' THEN 7 WHEN 'remote-service' THEN 8
        WHEN 'general-internet' THEN 10 ELSE 9 END),
  last_seen DESC, site, number, service, category, status, tunnel, exit_mac, first_seen, silent_from, expires
) WHERE withdrawn = 0;

-- An inquiry (調査): whom was asked what about which connection, until when, and what came of it.
CREATE TABLE inquiries (
  site       TEXT   NOT NULL REFERENCES sites (site),
  inquiry    BIGINT NOT NULL,
  connection BIGINT,
  asked      BIGINT NOT NULL,
  due        BIGINT NOT NULL,
  answered   BIGINT,
  detail     TEXT   NOT NULL,
  PRIMARY KEY (site, inquiry)
);

CREATE INDEX inquiries_by_connection ON inquiries (site, connection);

-- A file is known by its digest (SHA-256): the file itself stays where it is.
CREATE TABLE inquiry_evidence (
  site    TEXT   NOT NULL,
  inquiry BIGINT NOT NULL,
  hash    TEXT   NOT NULL,
  name    TEXT   NOT NULL,
  bytes   BIGINT NOT NULL,
  added   BIGINT NOT NULL,
  PRIMARY KEY (site, inquiry, hash),
  FOREIGN KEY (site, inquiry) REFERENCES inquiries (site, inquiry)
);

-- What people did: a part of the history, numbered with the changes that captures showed.
CREATE TABLE acts (
  site         TEXT   NOT NULL REFERENCES sites (site),
  change       BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  kind         TEXT   NOT NULL,
  subject_kind TEXT   NOT NULL,
  subject      TEXT   NOT NULL,
  before_json  TEXT,
  after_json   TEXT,
  PRIMARY KEY (site, change)
);

CREATE INDEX acts_by_subject ON acts (site, subject_kind, subject);
CREATE INDEX acts_by_time ON acts (at);

