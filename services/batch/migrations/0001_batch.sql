-- The batch room: batches, rosters, candidates (补贴清单), slices, lines, sets, manifests, exclusions.
-- Ids are text; times UTC; money in fen. No person's data: only subject ids. The uploaded roster is ciphertext.

CREATE TABLE project (
    project text PRIMARY KEY,
    version text NOT NULL,
    name text NOT NULL,
    categories jsonb NOT NULL,
    deployed_at timestamptz NOT NULL
);

CREATE TABLE batch (
    batch_id text PRIMARY KEY,
    project text NOT NULL,
    period text NOT NULL CHECK (period ~ '^[0-9]{4}([0-9]{2})?$'),
    county text NOT NULL CHECK (county ~ '^[0-9]{6}$'),
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    UNIQUE (project, period, county)
);

CREATE TABLE roster (
    roster_id text PRIMARY KEY,
    batch_id text NOT NULL REFERENCES batch,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,  -- the county's code when the file spans townships
    sha256 text NOT NULL,
    accepted int NOT NULL,
    rejected int NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    UNIQUE (batch_id, township, sha256)
);

-- Allowed by decisions §7: the uploaded file, encrypted and with a deletion date.
CREATE TABLE roster_file (
    roster_id text PRIMARY KEY REFERENCES roster,
    ciphertext bytea NOT NULL,
    delete_after date NOT NULL
);
CREATE INDEX roster_file_due ON roster_file (delete_after);

CREATE TABLE roster_row (
    roster_id text NOT NULL REFERENCES roster,
    number int NOT NULL,  -- as the spreadsheet shows it
    row_id text NOT NULL UNIQUE,
    subject_id text,
    township text,
    village text,
    category text,
    state text NOT NULL CHECK (state IN ('accepted', 'rejected', 'listed', 'refused')),
    reasons jsonb NOT NULL,
    application_id text,
    PRIMARY KEY (roster_id, number)
);

CREATE TABLE candidate (
    application_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    subject_id text NOT NULL,
    village text,  -- a code, or what the citizen typed (M6) until the slice gives it its code
    category text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'submitted', 'refused')),
    reason text,
    line_id text,
    listed_at timestamptz NOT NULL
);
CREATE INDEX candidate_open ON candidate (project, township, category) WHERE state = 'open';

CREATE TABLE settlement_set (
    set_id text PRIMARY KEY,
    batch_id text NOT NULL REFERENCES batch,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'frozen', 'closed', 'ended')),
    order_id text,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL
);

CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    batch_id text NOT NULL REFERENCES batch,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    number int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('first', 'supplement')),
    parent_id text REFERENCES slice,
    state text NOT NULL CHECK (state IN ('township', 'arrived', 'in_set', 'settled', 'ended')),
    revision int NOT NULL,
    exclusions int NOT NULL DEFAULT 0,
    set_id text REFERENCES settlement_set,
    hand_command text,  -- the pending HandToCounty, answered by settling or returning the slice
    submitted_by text NOT NULL,
    submitted_at timestamptz NOT NULL,
    UNIQUE (batch_id, township, category, number),
    CHECK ((state = 'in_set') = (set_id IS NOT NULL AND state <> 'settled'))
);
CREATE INDEX slice_by_set ON slice (set_id);
CREATE INDEX slice_by_state ON slice (county, state);

CREATE TABLE slice_revision (
    slice_id text NOT NULL REFERENCES slice,
    revision int NOT NULL,
    cause text,
    lines int NOT NULL,
    stated_at timestamptz NOT NULL,
    PRIMARY KEY (slice_id, revision)
);

CREATE TABLE line (
    line_id text PRIMARY KEY,
    slice_id text NOT NULL REFERENCES slice,
    batch_id text NOT NULL REFERENCES batch,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    application_id text NOT NULL,
    subject_id text NOT NULL,
    payee_id text NOT NULL,
    village text NOT NULL,  -- the township's code while the village is unknown
    state text NOT NULL CHECK (state IN ('normal', 'abnormal', 'processing', 'held', 'void', 'paid', 'failed')),
    reason text,
    resume_state text CHECK (resume_state IN ('normal', 'abnormal', 'processing', 'held')),  -- under an objection
    resume_reason text,
    rev int NOT NULL,
    kind text NOT NULL DEFAULT 'normal',
    installment int NOT NULL DEFAULT 1,
    entitlement_period text NOT NULL,
    quantity text NOT NULL DEFAULT '1',
    amount_fen bigint CHECK (amount_fen > 0),
    published boolean NOT NULL DEFAULT false,  -- stood in a notice that was confirmed
    payment_code text,
    CHECK (resume_state IS NULL OR state = 'held')
);
-- R05: one live line per beneficiary, project, entitlement period, kind and installment; a void line frees its key.
CREATE UNIQUE INDEX line_live ON line (subject_id, project, entitlement_period, kind, installment)
    WHERE state <> 'void';
CREATE INDEX line_by_slice ON line (slice_id, state);
CREATE INDEX line_by_application ON line (application_id);

-- Append-only: who changed a line, when, why.
CREATE TABLE line_change (
    line_id text NOT NULL,
    rev int NOT NULL,
    slice_id text NOT NULL,
    state text NOT NULL,
    reason text,
    amount_fen bigint,
    actor text NOT NULL,
    cause text,
    at timestamptz NOT NULL
);
CREATE INDEX line_change_by_line ON line_change (line_id, rev);

CREATE TABLE objection_hold (
    objection_id text PRIMARY KEY,
    line_id text NOT NULL REFERENCES line,
    accepted_at timestamptz NOT NULL,
    concluded_at timestamptz,
    upheld boolean
);
CREATE INDEX objection_hold_open ON objection_hold (line_id) WHERE concluded_at IS NULL;

CREATE TABLE set_slice (
    set_id text NOT NULL REFERENCES settlement_set,
    slice_id text NOT NULL REFERENCES slice,
    left_for text,  -- township_handler | township_review | later_set
    left_reason text,
    left_by text,
    left_at timestamptz,
    PRIMARY KEY (set_id, slice_id)
);

CREATE TABLE manifest (
    manifest_id text PRIMARY KEY,
    subject text NOT NULL,  -- a slice or a set
    node text NOT NULL,
    set_id text REFERENCES settlement_set,  -- of a slice's manifest that was signed as part of a set
    revision int,  -- of the slice; null for a set
    root text NOT NULL,
    lines int NOT NULL,
    total_fen bigint,  -- null before 测算
    exclusions int NOT NULL,  -- of the slice, when it was signed
    actor text NOT NULL,
    work_item_id text NOT NULL,
    signed_at timestamptz NOT NULL,
    signature text,  -- null for a slice's part of a set: the set's root covers it
    key_id text,
    superseded_at timestamptz,
    seq bigint GENERATED ALWAYS AS IDENTITY
);
CREATE UNIQUE INDEX manifest_live ON manifest (subject, node) WHERE superseded_at IS NULL;

CREATE TABLE manifest_leaf (
    manifest_id text NOT NULL REFERENCES manifest,
    line_id text NOT NULL,
    leaf text NOT NULL,
    amount_fen bigint,
    PRIMARY KEY (manifest_id, line_id)
);

-- After a signature lines only leave, each by a record (decisions §3).
CREATE TABLE exclusion (
    slice_id text NOT NULL REFERENCES slice,
    seq int NOT NULL,
    line_id text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    ends_enrolment boolean NOT NULL,
    moved_to text,
    at timestamptz NOT NULL,
    PRIMARY KEY (slice_id, seq)
);
CREATE INDEX exclusion_by_line ON exclusion (line_id);

-- Which slices of a check or an order have arrived; complete when all it announced are here.
CREATE TABLE arrival (
    stream text NOT NULL,
    slice_id text NOT NULL,
    PRIMARY KEY (stream, slice_id)
);
