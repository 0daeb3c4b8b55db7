-- Households as beneficiaries, who may receive whose money, and the changes that two officials approve.

-- A household is a beneficiary under a subject id of its own; its person's data are its members'.
CREATE TABLE household (
    household_id text PRIMARY KEY,
    subject_id text NOT NULL UNIQUE,
    township text NOT NULL,
    head_id text NOT NULL REFERENCES subject (subject_id),
    rev int NOT NULL,
    since date NOT NULL
);

CREATE TABLE household_member (
    household_id text NOT NULL REFERENCES household (household_id),
    subject_id text NOT NULL REFERENCES subject (subject_id),
    joined_on date NOT NULL,
    left_on date,
    PRIMARY KEY (household_id, subject_id, joined_on)
);
-- Nobody lives in two households at a time.
CREATE UNIQUE INDEX one_household ON household_member (subject_id) WHERE left_on IS NULL;

-- Who may receive a beneficiary's money, as approved; both days counted; project '' = every project.
CREATE TABLE mandate (
    subject_id text NOT NULL,
    project text NOT NULL DEFAULT '',
    rev int NOT NULL,
    payee_id text NOT NULL,
    basis text NOT NULL CHECK (basis IN ('self', 'household_head', 'guardian', 'authorised')),
    valid_from date NOT NULL,
    valid_to date,
    change_id text NOT NULL,
    PRIMARY KEY (subject_id, project, rev),
    CHECK (valid_to >= valid_from)
);

-- What one official proposes and another one decides. `body` holds ids, codes and days; what is of a person
-- (evidence, another spelling of a name) is sealed under that person's key.
CREATE TABLE change (
    change_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('payee', 'head', 'split', 'join', 'leave', 'alias', 'erase')),
    subject_id text NOT NULL,
    township text NOT NULL,
    body jsonb NOT NULL,
    reason text NOT NULL,
    sealed_under text NOT NULL REFERENCES subject (subject_id),
    sealed_name bytea,
    evidence_digest text NOT NULL,
    evidence bytea,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    proposed_by text NOT NULL,
    proposed_region text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text CHECK (decided_by <> proposed_by),
    decided_at timestamptz,
    CHECK ((state = 'proposed') = (decided_by IS NULL))
);
CREATE UNIQUE INDEX one_open_change ON change (subject_id, kind) WHERE state = 'proposed';
CREATE INDEX change_township ON change (township, state);
