-- The history is written once. SQLite's trigger dialect: PostgreSQL needs its own text of this file.
-- The insert trigger is there because INSERT OR REPLACE deletes without firing delete triggers.

CREATE TRIGGER changes_are_not_updated BEFORE UPDATE ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;

CREATE TRIGGER changes_are_not_deleted BEFORE DELETE ON changes
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;

CREATE TRIGGER changes_are_not_replaced BEFORE INSERT ON changes
WHEN EXISTS (SELECT 1 FROM changes WHERE site = NEW.site AND change = NEW.change)
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
