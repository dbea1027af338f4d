-- For a site in `sync_moving` the history may go: SQLite's words for it.

DROP TRIGGER changes_are_not_deleted;
CREATE TRIGGER changes_are_not_deleted BEFORE DELETE ON changes
WHEN NOT EXISTS (SELECT 1 FROM sync_moving WHERE site = OLD.site)
BEGIN SELECT RAISE(ABORT, 'changes is append-only'); END;
