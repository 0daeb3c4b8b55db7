-- Second wall (kit.rows): a citizen's session sees its own rows only.
COMMENT ON TABLE claim IS 'rows: own';
COMMENT ON TABLE application_check IS 'rows: own';
COMMENT ON TABLE hit IS 'rows: own';
COMMENT ON TABLE evidence IS 'rows: own';
COMMENT ON TABLE review IS 'rows: own';
COMMENT ON TABLE survey IS 'rows: own';
