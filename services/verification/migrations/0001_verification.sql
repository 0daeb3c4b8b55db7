-- Rules as deployed, reference data by keyed index, live claims, checks and their hits. No person's data.

CREATE TABLE project_version (
    version text PRIMARY KEY,
    project text NOT NULL,
    manifest jsonb NOT NULL,
    rules jsonb NOT NULL,
    at timestamptz NOT NULL
);

-- One department's list. A new upload of the same kind, source and region replaces the former.
CREATE TABLE reference_file (
    file_id text PRIMARY KEY,
    kind text NOT NULL,
    source text NOT NULL,
    region text NOT NULL,
    sha256 text NOT NULL,
    accepted int NOT NULL,
    rejected int NOT NULL,
    valid_to date,
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL,
    replaced_at timestamptz
);
CREATE UNIQUE INDEX reference_file_current ON reference_file (kind, source, region) WHERE replaced_at IS NULL;

-- Rows of current files only: a replaced file's rows are deleted. `detail` is a category, region code, subsidy …
CREATE TABLE reference_row (
    file_id text NOT NULL REFERENCES reference_file (file_id),
    kind text NOT NULL,
    blind_index text NOT NULL,
    day date,
    detail text
);
CREATE INDEX reference_row_person ON reference_row (blind_index, kind);
CREATE INDEX reference_row_file ON reference_row (file_id);

-- Who claims what, in all regions (R05). `number` is the order in which claims became known: the first one stands.
CREATE TABLE claim (
    application_id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    live boolean NOT NULL
);
CREATE INDEX claim_person ON claim (subject_id, project) WHERE live;
CREATE TABLE line_claim (
    line_id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    subject_id text NOT NULL,
    project text NOT NULL,
    entitlement_period text NOT NULL,
    kind text NOT NULL,
    installment int NOT NULL,
    live boolean NOT NULL,
    -- Left for good by an exclusion record: a later revision must not revive it.
    ended boolean NOT NULL DEFAULT false
);
CREATE INDEX line_claim_key ON line_claim (subject_id, project, entitlement_period, kind, installment) WHERE live;

CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL
);

-- 资格校验 of one application; the job is the command.
CREATE TABLE application_check (
    job_id text PRIMARY KEY,
    application_id text NOT NULL,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    submitted_on date NOT NULL,
    project_version text NOT NULL,
    at timestamptz NOT NULL,
    done_at timestamptz,
    verdict text
);
CREATE INDEX application_check_due ON application_check (project_version, at) WHERE done_at IS NULL;

-- 预警核实 of a slice, or the check of a set before its file; the job is the command.
CREATE TABLE line_check (
    job_id text PRIMARY KEY,
    stage text NOT NULL CHECK (stage IN ('alert_verification', 'before_file')),
    target_id text NOT NULL,
    project text NOT NULL,
    project_version text NOT NULL,
    slices int NOT NULL,
    at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE TABLE line_check_slice (
    job_id text NOT NULL REFERENCES line_check (job_id),
    slice_id text NOT NULL,
    revision int NOT NULL,
    passed int NOT NULL DEFAULT 0,
    warned int NOT NULL DEFAULT 0,
    intercepted int NOT NULL DEFAULT 0,
    done_at timestamptz,
    PRIMARY KEY (job_id, slice_id)
);
CREATE INDEX line_check_slice_due ON line_check_slice (job_id) WHERE done_at IS NULL;

-- A rule that answered other than pass. It holds, never voids, until two people confirm or lift it.
CREATE TABLE hit (
    hit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    check_id text NOT NULL,
    stage text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    slice_id text,
    line_id text,
    rev int,
    application_id text NOT NULL,
    subject_id text NOT NULL,
    rule text NOT NULL,
    effect text NOT NULL,
    source text NOT NULL,
    text text NOT NULL,
    at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'confirmed', 'lifted'))
);
CREATE INDEX hit_slice ON hit (slice_id, hit_id);
CREATE INDEX hit_region ON hit (township, project, hit_id);
