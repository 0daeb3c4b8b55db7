-- Enrolments change in a stated way: every change raises `rev`; officials' changes are proposed and decided by two.

ALTER TABLE enrolment
    ADD COLUMN rev int NOT NULL DEFAULT 1,
    ADD COLUMN quantity text NOT NULL DEFAULT '1',
    -- Who is paid where no mandate of the registry says otherwise; `payee_id` is who is paid today.
    ADD COLUMN own_payee_id text;
UPDATE enrolment SET own_payee_id = payee_id;
ALTER TABLE enrolment ALTER COLUMN own_payee_id SET NOT NULL;
CREATE INDEX enrolment_subject ON enrolment (subject_id);

ALTER TABLE application
    ADD COLUMN quantity text NOT NULL DEFAULT '1',
    ADD COLUMN payee_id text,
    -- The newest roster row that stood for this application (route C opens every batch by roster).
    ADD COLUMN renewed_roster text,
    ADD COLUMN renewed_row text,
    -- How often it was refused: a review is granted of the last refusal, and of no later one.
    ADD COLUMN refusals int NOT NULL DEFAULT 0,
    DROP CONSTRAINT application_state_check,
    ADD CONSTRAINT application_state_check CHECK (state IN ('submitted', 'listed', 'refused', 'withdrawn')),
    DROP CONSTRAINT application_check,
    ADD CONSTRAINT application_check CHECK (state NOT IN ('refused', 'withdrawn') OR NOT live);
UPDATE application SET refusals = 1 WHERE state = 'refused';

-- What one official proposes about an enrolment and another one decides.
CREATE TABLE enrolment_change (
    change_id text PRIMARY KEY,
    enrolment_id text NOT NULL REFERENCES enrolment (enrolment_id),
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    act text NOT NULL CHECK (act IN ('suspend', 'resume', 'stop', 'change')),
    -- act = change: the new values by column; else empty.
    fields jsonb NOT NULL,
    last_period text,
    reason text NOT NULL,
    note text,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    proposed_by text NOT NULL,
    proposed_region text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text CHECK (decided_by <> proposed_by),
    decided_at timestamptz,
    decision_note text,
    CHECK ((state = 'proposed') = (decided_by IS NULL))
);
CREATE UNIQUE INDEX one_open_change ON enrolment_change (enrolment_id) WHERE state = 'proposed';
CREATE INDEX enrolment_change_township ON enrolment_change (township, project, state);

-- Who may receive whose money, as the registry stated it; ISO dates, both counted. '' = every project.
CREATE TABLE mandate (
    subject_id text NOT NULL,
    project text NOT NULL DEFAULT '',
    rev int NOT NULL,
    payee_id text NOT NULL,
    valid_from text NOT NULL,
    valid_to text,
    PRIMARY KEY (subject_id, project, rev)
);

-- The newest head of each household that is a beneficiary.
CREATE TABLE household (
    subject_id text PRIMARY KEY,
    head_id text NOT NULL,
    rev int NOT NULL
);
