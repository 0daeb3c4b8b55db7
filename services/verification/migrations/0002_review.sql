-- Review of hits by two people. What they wrote and uploaded is sealed; the bus hears codes alone.

ALTER TABLE hit ADD COLUMN period text NOT NULL DEFAULT '';
ALTER TABLE hit ADD COLUMN fact text NOT NULL DEFAULT '';
ALTER TABLE hit ADD COLUMN fact_value text NOT NULL DEFAULT '';
-- Fact, source and row of the evidence: the same evidence is not raised again once two people lifted it.
ALTER TABLE hit ADD COLUMN fingerprint text;
UPDATE hit SET fingerprint = 'hit:' || hit_id;
ALTER TABLE hit ALTER COLUMN fingerprint SET NOT NULL;
-- What the reviewer's form is prefilled with, and then what was decided.
ALTER TABLE hit ADD COLUMN consequence text CHECK (consequence IN ('exclude', 'stop', 'payee'));
ALTER TABLE hit ADD COLUMN last_period text;
ALTER TABLE hit ADD COLUMN decided_at timestamptz;
-- When the decision was part of a LineReviewed, or needed none.
ALTER TABLE hit ADD COLUMN announced_at timestamptz;
ALTER TABLE hit DROP CONSTRAINT hit_state_check;
ALTER TABLE hit ADD CHECK (state IN ('open', 'proposed', 'confirmed', 'lifted', 'withdrawn'));
CREATE UNIQUE INDEX hit_same ON hit (line_id, rule, fingerprint)
    WHERE line_id IS NOT NULL AND state IN ('open', 'proposed');
CREATE INDEX hit_line ON hit (line_id);
CREATE INDEX hit_application ON hit (application_id);
CREATE INDEX hit_decided ON hit (project, county, rule, period) WHERE state IN ('confirmed', 'lifted');

-- Proposals of one person and the answers of another; the hit's state follows the last one.
CREATE TABLE hit_proposal (
    proposal_id text PRIMARY KEY,
    hit_id bigint NOT NULL REFERENCES hit (hit_id),
    decision text NOT NULL CHECK (decision IN ('lift', 'confirm')),
    consequence text,
    last_period text,
    reason_sealed bytea NOT NULL,
    evidence_ids jsonb NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    answer text CHECK (answer IN ('approve', 'reject')),
    opinion_sealed bytea,
    decided_by text,
    decided_at timestamptz,
    CHECK (decided_by IS NULL OR decided_by <> proposed_by)
);
CREATE INDEX hit_proposal_hit ON hit_proposal (hit_id, proposed_at);
CREATE UNIQUE INDEX hit_proposal_open ON hit_proposal (hit_id) WHERE answer IS NULL;

-- An uploaded document, sealed whole; `digest` is of the clear bytes.
CREATE TABLE evidence (
    evidence_id text PRIMARY KEY,
    project text NOT NULL,
    township text NOT NULL,
    subject_id text,
    media_type text NOT NULL,
    digest text NOT NULL,
    size int NOT NULL,
    body_sealed bytea NOT NULL,
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL
);

-- What two people lifted: this rule is passed for this person and project while the evidence is the same.
CREATE TABLE override (
    subject_id text NOT NULL,
    project text NOT NULL,
    rule text NOT NULL,
    fingerprint text NOT NULL,
    origin text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, project, rule, fingerprint)
);
