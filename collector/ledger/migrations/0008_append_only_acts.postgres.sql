-- What people did is written once: PostgreSQL's words for it.

CREATE FUNCTION acts_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'acts is append-only';
END $$;

CREATE TRIGGER acts_are_kept BEFORE UPDATE OR DELETE ON acts
  FOR EACH ROW EXECUTE FUNCTION acts_are_kept();

CREATE TRIGGER acts_are_not_emptied BEFORE TRUNCATE ON acts
  FOR EACH STATEMENT EXECUTE FUNCTION acts_are_kept();
