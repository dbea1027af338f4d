-- Of a site that is being removed as a whole what people did may go, as its history may: PostgreSQL's words.

CREATE OR REPLACE FUNCTION acts_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM sync_moving WHERE site = OLD.site) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'acts is append-only';
END $$;
