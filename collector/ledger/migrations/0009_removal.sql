-- Of a site that is being removed as a whole what people did may go, as its history may: SQLite's words.

DROP TRIGGER acts_are_not_deleted;
CREATE TRIGGER acts_are_not_deleted BEFORE DELETE ON acts
WHEN NOT EXISTS (SELECT 1 FROM sync_moving WHERE site = OLD.site)
BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END;
