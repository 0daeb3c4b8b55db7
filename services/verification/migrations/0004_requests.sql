-- 核实 at a refused citizen's request: asked for by the applicant, proposed by one officer, decided by another.
CREATE TABLE review (
    review_id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    application_id text NOT NULL,
    check_id text NOT NULL,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'proposed', 'granted', 'refused')),
    text_sealed bytea NOT NULL,
    requested_at timestamptz NOT NULL,
    -- The answer that the citizen reads once it is decided.
    decision text CHECK (decision IN ('grant', 'refuse')),
    reason_sealed bytea,
    evidence_ids jsonb NOT NULL,
    proposed_by text,
    proposed_at timestamptz,
    decided_by text,
    decided_at timestamptz,
    -- What the second person wrote back, when the proposal was not approved.
    opinion_sealed bytea,
    CHECK (decided_by IS NULL OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX review_open ON review (application_id) WHERE state IN ('requested', 'proposed', 'granted');
CREATE INDEX review_region ON review (township, number);
CREATE INDEX review_subject ON review (subject_id);

ALTER TABLE line_claim ADD COLUMN application_id text;
