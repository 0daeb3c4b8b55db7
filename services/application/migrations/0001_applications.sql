-- Applications, consent, enrolments. Persons stand here by subject id alone; their data are the registry's.

-- The newest deployed version of each project: its form schema decides which forms are accepted.
CREATE TABLE project (
    project text PRIMARY KEY,
    version text NOT NULL,
    manifest jsonb NOT NULL,
    form_schema jsonb NOT NULL,
    deployed_at timestamptz NOT NULL
);

CREATE TABLE application (
    application_id text PRIMARY KEY,
    receipt text NOT NULL UNIQUE,
    project text NOT NULL,
    -- Which version's form schema accepted the form; null for rows of a roster, which carry no form.
    project_version text,
    county text NOT NULL,
    township text NOT NULL,
    village text,
    subject_id text NOT NULL,
    category text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('mini_program', 'helper', 'counter', 'offline')),
    form jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('submitted', 'listed', 'refused')),
    -- Whether it stands in the way of another one: until refused, or until its enrolment has ended.
    live boolean NOT NULL,
    reasons jsonb NOT NULL DEFAULT '[]',
    submitted_by text NOT NULL,
    submitted_on date NOT NULL,
    at timestamptz NOT NULL,
    roster_id text,
    row_id text,
    CHECK (state <> 'refused' OR NOT live)
);
-- R05: one live application per person and project, also when two arrive at the same moment.
CREATE UNIQUE INDEX one_live_application ON application (subject_id, project) WHERE live;
CREATE INDEX application_township ON application (township, project, state);
CREATE INDEX application_submitted_by ON application (submitted_by);

-- M2: what was agreed to, when, in which wording. The signature itself is kept as a salted digest.
CREATE TABLE consent (
    application_id text PRIMARY KEY REFERENCES application (application_id),
    version text NOT NULL,
    text_digest text NOT NULL,
    signature_digest text NOT NULL,
    given_by text NOT NULL,
    at timestamptz NOT NULL
);

-- Answers already given to an Idempotency-Key; never expires.
CREATE TABLE submission (
    submitted_by text NOT NULL,
    idempotency_key text NOT NULL,
    request_digest text NOT NULL,
    application_id text NOT NULL,
    PRIMARY KEY (submitted_by, idempotency_key)
);

CREATE TABLE enrolment (
    enrolment_id text PRIMARY KEY,
    application_id text NOT NULL UNIQUE REFERENCES application (application_id),
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    village text NOT NULL,
    category text NOT NULL,
    subject_id text NOT NULL,
    payee_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'active', 'suspended', 'stopped', 'ended')),
    valid_from text NOT NULL,
    valid_to text,
    reason text,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX one_live_enrolment ON enrolment (subject_id, project)
    WHERE state IN ('proposed', 'active', 'suspended');
CREATE INDEX enrolment_township ON enrolment (township, project, state);

-- The newest complete revision of a slice, and the set it went to; a signed set makes its enrolments active.
CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    revision int NOT NULL DEFAULT 0,
    set_id text,
    set_revision int
);
CREATE INDEX slice_set ON slice (set_id);
CREATE TABLE signed_set (
    set_id text PRIMARY KEY,
    at timestamptz NOT NULL
);

-- Lines that left a slice by an exclusion record: a later signature does not cover them.
CREATE TABLE left_line (
    slice_id text NOT NULL,
    line_id text NOT NULL,
    PRIMARY KEY (slice_id, line_id)
);
