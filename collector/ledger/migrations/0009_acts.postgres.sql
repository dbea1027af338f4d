-- Append-only as before, but for a site that is removed as a whole: PostgreSQL's words for it.

CREATE OR REPLACE FUNCTION acts_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM sync_moving WHERE site = OLD.site) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'acts is append-only';
END $$;

CREATE TRIGGER acts_are_kept BEFORE UPDATE OR DELETE ON acts
  FOR EACH ROW EXECUTE FUNCTION acts_are_kept();

CREATE TRIGGER acts_are_not_emptied BEFORE TRUNCATE ON acts
  FOR EACH STATEMENT EXECUTE FUNCTION acts_are_kept();
