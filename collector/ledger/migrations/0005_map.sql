-- What equipment said, one row a box and a way of asking: replaced when it is asked again. And what people
-- decided of links between equipment, which no survey changes.

CREATE TABLE snapshots (
  site   TEXT   NOT NULL REFERENCES sites (site),
  box    TEXT   NOT NULL,
  said   BIGINT NOT NULL,
  detail TEXT   NOT NULL,
  PRIMARY KEY (site, box)
);

CREATE TABLE map_marks (
  site   TEXT   NOT NULL REFERENCES sites (site),
  a      TEXT   NOT NULL,
  b      TEXT   NOT NULL,
  marked BIGINT NOT NULL,
  detail TEXT   NOT NULL,
  PRIMARY KEY (site, a, b)
);
