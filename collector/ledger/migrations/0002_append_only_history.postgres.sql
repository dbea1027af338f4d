-- The history is written once: PostgreSQL's words for it.

CREATE FUNCTION changes_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'changes is append-only';
END $$;

CREATE TRIGGER changes_are_kept BEFORE UPDATE OR DELETE ON changes
  FOR EACH ROW EXECUTE FUNCTION changes_are_kept();

CREATE TRIGGER changes_are_not_emptied BEFORE TRUNCATE ON changes
  FOR EACH STATEMENT EXECUTE FUNCTION changes_are_kept();
