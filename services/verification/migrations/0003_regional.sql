-- Data that regions keep: pairs of subsidies, the stop list, household surveys. Lists count where they were loaded.

-- What `project` and `other` (a project, or an outside subsidy by name) are to each other in a region.
CREATE TABLE pair (
    pair_id text PRIMARY KEY,
    region text NOT NULL,
    project text NOT NULL,
    other text NOT NULL,
    relation text NOT NULL CHECK (relation IN ('exclusive', 'both', 'higher')),
    -- From this age on; null: at any age.
    from_age int,
    valid_from date NOT NULL,
    valid_to date,
    document_no text NOT NULL,
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CHECK (project <> other)
);
CREATE UNIQUE INDEX pair_current ON pair (region, project, other, valid_from, coalesce(from_age, 0))
    WHERE ended_at IS NULL;

-- 人工停发: nothing is passed for this person while it stands; put on and taken off by two people each.
CREATE TABLE stop_entry (
    stop_id text PRIMARY KEY,
    region text NOT NULL,
    subject_id text,
    blind_index text,
    project text,
    valid_from date NOT NULL,
    valid_to date,
    document_no text NOT NULL,
    reason_sealed bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'active', 'refused', 'ending', 'ended')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    end_proposed_by text,
    ended_by text,
    ended_at timestamptz,
    CHECK (num_nonnulls(subject_id, blind_index) = 1),
    CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CHECK (ended_by IS NULL OR ended_by <> end_proposed_by)
);
CREATE INDEX stop_entry_subject ON stop_entry (subject_id) WHERE state IN ('active', 'ending');
CREATE INDEX stop_entry_index ON stop_entry (blind_index) WHERE state IN ('active', 'ending');

-- 入户调查: what a visit found, for a person and a project; the newest one counts.
CREATE TABLE survey (
    survey_id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    application_id text NOT NULL,
    line_id text,
    hit_id bigint REFERENCES hit (hit_id),
    subject_id text NOT NULL,
    project text NOT NULL,
    township text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('eligible', 'not_eligible', 'unreachable', 'refused')),
    after_action text NOT NULL CHECK (after_action IN ('none', 'lift', 'confirm', 'visit_again')),
    surveyed_on date NOT NULL,
    findings_sealed bytea NOT NULL,
    evidence_ids jsonb NOT NULL,
    surveyed_by text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX survey_person ON survey (subject_id, project, surveyed_on);
CREATE INDEX survey_hit ON survey (hit_id);

-- `as_of`: the day the department says its list is from.
ALTER TABLE reference_file ADD COLUMN as_of date;

-- How far an enrolment is known here, so that an older statement can't revive a claim.
ALTER TABLE claim ADD COLUMN enrolment_rev int NOT NULL DEFAULT 0;
