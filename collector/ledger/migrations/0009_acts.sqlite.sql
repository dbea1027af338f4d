-- Append-only as before, but for a site that is removed as a whole: SQLite's words for it.

CREATE TRIGGER acts_are_not_updated BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;

CREATE TRIGGER acts_are_not_deleted BEFORE DELETE ON acts
WHEN NOT EXISTS (SELECT 1 FROM sync_moving WHERE site = OLD.site)
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;

-- One that is there already stays, whatever the words of the statement.
CREATE TRIGGER acts_are_not_replaced BEFORE INSERT ON acts
WHEN EXISTS (SELECT 1 FROM acts WHERE site = NEW.site AND stamp = NEW.stamp)
BEGIN SELECT RAISE(IGNORE); END;
