-- A confirmed hit may leave its own line owed (death within the period): quiet for that line alone.
ALTER TABLE override ADD COLUMN line_id text NOT NULL DEFAULT '';
ALTER TABLE override DROP CONSTRAINT override_pkey;
ALTER TABLE override ADD PRIMARY KEY (subject_id, project, rule, fingerprint, line_id);

-- Where a line is: when an enrolment stops, its later lines are not owed either, paid ones included.
ALTER TABLE line_claim ADD COLUMN slice_id text;
CREATE INDEX line_claim_application ON line_claim (application_id);
