-- What people did is written once. SQLite's words; PostgreSQL has its own text of this file.

CREATE TRIGGER acts_are_not_updated BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;

CREATE TRIGGER acts_are_not_deleted BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;

CREATE TRIGGER acts_are_not_replaced BEFORE INSERT ON acts
WHEN EXISTS (SELECT 1 FROM acts WHERE site = NEW.site AND change = NEW.change)
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
