-- What happened cannot be rewritten: line changes, exclusion records and the leaves of signed manifests.

CREATE FUNCTION history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER line_change_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON line_change
    FOR EACH STATEMENT EXECUTE FUNCTION history_stays();
CREATE TRIGGER exclusion_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON exclusion
    FOR EACH STATEMENT EXECUTE FUNCTION history_stays();
CREATE TRIGGER manifest_leaf_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON manifest_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION history_stays();
