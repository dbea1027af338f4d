-- What people did travels between a site and its collector with the other decisions, so that it is known by
-- its stamp. What was done before stays where it was done, its number in place of a stamp.

CREATE TABLE acts_by_stamp (
  site         TEXT   NOT NULL,
  stamp        TEXT   NOT NULL,
  at           BIGINT NOT NULL,
  kind         TEXT   NOT NULL,
  subject_kind TEXT   NOT NULL,
  subject      TEXT   NOT NULL,
  before_json  TEXT,
  after_json   TEXT,
  PRIMARY KEY (site, stamp)
);

INSERT INTO acts_by_stamp (site, stamp, at, kind, subject_kind, subject, before_json, after_json)
  SELECT site, '' || change, at, kind, subject_kind, subject, before_json, after_json FROM acts;

DROP TABLE acts;
ALTER TABLE acts_by_stamp RENAME TO acts;

CREATE INDEX acts_by_subject ON acts (site, subject_kind, subject);
CREATE INDEX acts_by_time ON acts (at);

