-- For a site in `sync_moving` the history may go: PostgreSQL's words for it.

CREATE OR REPLACE FUNCTION changes_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM sync_moving WHERE site = OLD.site) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'changes is append-only';
END $$;

-- Rows of sites come in the order of their changes, one before what it refers to; SQLite leaves the check
-- off where they are received, and here there are no keys to be checked.
DO $$
DECLARE
  reference record;
BEGIN
  FOR reference IN SELECT conrelid::regclass AS of_table, conname FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', reference.of_table, reference.conname);
  END LOOP;
END $$;
