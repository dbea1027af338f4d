-- What a daemon records, every few minutes and for months: nothing here grows by a row a roll-up.

-- Set for what one sensor saw in one day (UTC), which has no inputs; a file's capture has none.
ALTER TABLE captures ADD COLUMN sensor TEXT;

CREATE INDEX captures_by_time ON captures (site, last_seen, first_seen);

-- `watched` is the sensor's watch: how long it has watched in all, in microseconds. It never goes back,
-- whatever the clock does. `roll_ups` counts what was recorded.
CREATE TABLE sensors (
  site       TEXT   NOT NULL REFERENCES sites (site),
  sensor     TEXT   NOT NULL,
  watched    BIGINT NOT NULL,
  roll_ups   BIGINT NOT NULL,
  first_seen BIGINT,
  last_seen  BIGINT,
  PRIMARY KEY (site, sensor)
);

-- The last roll-up of each start of the daemon; `place` is that roll-up's number in its sensor.
CREATE TABLE runs (
  site        TEXT   NOT NULL,
  sensor      TEXT   NOT NULL,
  run         TEXT   NOT NULL,
  sequence    BIGINT NOT NULL,
  place       BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (site, sensor, run),
  FOREIGN KEY (site, sensor) REFERENCES sensors (site, sensor)
);

-- What one sensor says of one subject, merged over all its roll-ups: beside the captures' sightings
-- the other thing that rows are folded from. Without sums: those are in `days`.
CREATE TABLE standing (
  site    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  sensor  TEXT NOT NULL,
  detail  TEXT NOT NULL,
  PRIMARY KEY (site, kind, subject, sensor),
  FOREIGN KEY (site, sensor) REFERENCES sensors (site, sensor)
);

-- What one sensor counted of one connection in one day; `hours` has the octets both ways by hours since
-- the Unix epoch. In the order of days, not of connections, so that a roll-up's rows lie together on
-- few pages. SQLite's dialect: PostgreSQL has no WITHOUT ROWID and needs none.
CREATE TABLE days (
  site      TEXT   NOT NULL,
  capture   BIGINT NOT NULL,
  number    BIGINT NOT NULL,
  sessions  BIGINT NOT NULL,
  bytes_out BIGINT NOT NULL,
  bytes_in  BIGINT NOT NULL,
  hours     TEXT   NOT NULL,
  PRIMARY KEY (site, capture, number),
  FOREIGN KEY (site, capture) REFERENCES captures (site, capture),
  FOREIGN KEY (site, number) REFERENCES connections (site, number)
) WITHOUT ROWID;

CREATE INDEX days_by_connection ON days (site, number);

-- Which sensor waits for the connection, and at what reading of its watch the connection is silent.
ALTER TABLE connections ADD COLUMN watched_by TEXT;
ALTER TABLE connections ADD COLUMN silent_at BIGINT;

CREATE INDEX connections_by_watch ON connections (site, watched_by, silent_at)
  WHERE silent_from IS NULL AND withdrawn = 0;

-- How often a subject changed within a day is asked at every change.
DROP INDEX changes_by_subject;
CREATE INDEX changes_by_subject ON changes (site, subject_kind, subject, capture);
