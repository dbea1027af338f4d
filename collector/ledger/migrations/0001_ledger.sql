-- The ledger's tables. One text for SQLite and PostgreSQL: TEXT and BIGINT only, ids made by the
-- program, booleans as 0 and 1, times in microseconds since the Unix epoch (UTC), lists as JSON.
-- Every key starts with the site: private address space overlaps between hospitals.

CREATE TABLE sites (
  site            TEXT   NOT NULL PRIMARY KEY,
  next_capture    BIGINT NOT NULL,
  next_connection BIGINT NOT NULL,
  next_change     BIGINT NOT NULL,
  recorded_at     BIGINT NOT NULL
);

-- What was read. `identity` is the digest of the inputs' content, `analysis` that of what was found
-- in them: the first tells a capture read twice, the second one read again by better rules.
CREATE TABLE captures (
  site        TEXT   NOT NULL REFERENCES sites (site),
  capture     BIGINT NOT NULL,
  identity    TEXT   NOT NULL,
  analysis    TEXT   NOT NULL,
  first_seen  BIGINT,
  last_seen   BIGINT,
  recorded_at BIGINT NOT NULL,
  detail      TEXT   NOT NULL,
  PRIMARY KEY (site, capture),
  UNIQUE (site, identity)
);

CREATE TABLE inputs (
  site    TEXT   NOT NULL,
  hash    TEXT   NOT NULL,
  capture BIGINT NOT NULL,
  name    TEXT   NOT NULL,
  PRIMARY KEY (site, hash, capture),
  FOREIGN KEY (site, capture) REFERENCES captures (site, capture)
);

-- `device` is `mac:…`, else `vlan:…/ip:…`, else `ip:…`.
CREATE TABLE devices (
  site       TEXT   NOT NULL REFERENCES sites (site),
  device     TEXT   NOT NULL,
  role       TEXT,
  first_seen BIGINT,
  last_seen  BIGINT,
  withdrawn  BIGINT NOT NULL,
  search     TEXT   NOT NULL,
  detail     TEXT   NOT NULL,
  PRIMARY KEY (site, device)
);

CREATE TABLE exits (
  site       TEXT   NOT NULL REFERENCES sites (site),
  mac        TEXT   NOT NULL,
  first_seen BIGINT,
  last_seen  BIGINT,
  withdrawn  BIGINT NOT NULL,
  search     TEXT   NOT NULL,
  detail     TEXT   NOT NULL,
  PRIMARY KEY (site, mac)
);

-- `silent_from` is the start of the capture that no longer had it.
CREATE TABLE connections (
  site        TEXT   NOT NULL,
  number      BIGINT NOT NULL,
  device      TEXT   NOT NULL,
  service     TEXT   NOT NULL,
  exit_mac    TEXT,
  category    TEXT,
  status      TEXT   NOT NULL,
  tunnel      BIGINT NOT NULL,
  first_seen  BIGINT NOT NULL,
  last_seen   BIGINT NOT NULL,
  sessions    BIGINT NOT NULL,
  bytes_out   BIGINT NOT NULL,
  bytes_in    BIGINT NOT NULL,
  silent_from BIGINT,
  withdrawn   BIGINT NOT NULL,
  search      TEXT   NOT NULL,
  detail      TEXT   NOT NULL,
  PRIMARY KEY (site, number),
  FOREIGN KEY (site, device) REFERENCES devices (site, device)
);

CREATE INDEX connections_by_device ON connections (site, device, service);
CREATE INDEX connections_by_last_seen ON connections (site, last_seen);
CREATE INDEX connections_by_exit ON connections (site, exit_mac);

-- What one capture said of one subject, as it said it: the rows above are folded from these.
CREATE TABLE sightings (
  site    TEXT   NOT NULL,
  kind    TEXT   NOT NULL,
  subject TEXT   NOT NULL,
  capture BIGINT NOT NULL,
  detail  TEXT   NOT NULL,
  PRIMARY KEY (site, kind, subject, capture),
  FOREIGN KEY (site, capture) REFERENCES captures (site, capture)
);

CREATE INDEX sightings_by_capture ON sightings (site, capture);

-- Octets both ways of one connection in one hour, as one capture saw them.
CREATE TABLE activity (
  site    TEXT   NOT NULL,
  number  BIGINT NOT NULL,
  hour    BIGINT NOT NULL,
  capture BIGINT NOT NULL,
  octets  BIGINT NOT NULL,
  PRIMARY KEY (site, number, hour, capture),
  FOREIGN KEY (site, number) REFERENCES connections (site, number),
  FOREIGN KEY (site, capture) REFERENCES captures (site, capture)
);

CREATE INDEX activity_by_capture ON activity (site, capture);

-- Why the rows say what they say: for each rule what the latest capture that had it said.
CREATE TABLE evidence (
  site       TEXT   NOT NULL,
  kind       TEXT   NOT NULL,
  subject    TEXT   NOT NULL,
  place      BIGINT NOT NULL,
  rule       TEXT   NOT NULL,
  confidence BIGINT NOT NULL,
  en         TEXT   NOT NULL,
  ja         TEXT   NOT NULL,
  PRIMARY KEY (site, kind, subject, place)
);

CREATE INDEX evidence_by_rule ON evidence (site, rule);

-- The history. `at` is when it happened on the wire, `recorded_at` when the ledger learnt it.
CREATE TABLE changes (
  site         TEXT   NOT NULL REFERENCES sites (site),
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
  PRIMARY KEY (site, change),
  FOREIGN KEY (site, capture) REFERENCES captures (site, capture)
);

CREATE INDEX changes_by_subject ON changes (site, subject_kind, subject);
CREATE INDEX changes_by_time ON changes (at);
