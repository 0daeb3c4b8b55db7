-- Agreements with other agencies, the facts they may get, each agency's feed, and what carries it there.

CREATE TABLE agency (
    code text PRIMARY KEY,
    name text NOT NULL,
    legal_basis text NOT NULL,
    contact text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL
);

CREATE TABLE agreement (
    agreement_id text PRIMARY KEY,
    agency text NOT NULL REFERENCES agency (code),
    types text[] NOT NULL,
    projects text[] NOT NULL,
    regions text[] NOT NULL,
    purpose text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    requests_per_minute int NOT NULL CHECK (requests_per_minute > 0),
    page_size int NOT NULL CHECK (page_size > 0),
    subjects_per_day int NOT NULL CHECK (subjects_per_day >= 0),
    state text NOT NULL CHECK (state IN ('proposed', 'active', 'refused', 'revoked')),
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    revoked_by text,
    revoked_at timestamptz,
    reason text,
    -- How far the facts have been looked through for this agreement.
    fact_seq bigint NOT NULL DEFAULT 0,
    CHECK (decided_by IS NULL OR decided_by <> opened_by)
);
CREATE UNIQUE INDEX one_active_agreement ON agreement (agency) WHERE state = 'active';
CREATE UNIQUE INDEX one_proposed_agreement ON agreement (agency) WHERE state = 'proposed';

-- Read models: enrolments, lines, and bank results that wait for their lines.
CREATE TABLE enrolment (
    enrolment_id text PRIMARY KEY,
    rev int NOT NULL,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    quantity text NOT NULL,
    state text NOT NULL,
    valid_from text NOT NULL,
    valid_to text
);
CREATE INDEX enrolment_subject ON enrolment (subject_id);
CREATE TABLE line (
    line_id text PRIMARY KEY,
    slice_id text NOT NULL,
    rev int NOT NULL,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    entitlement_period text NOT NULL,
    kind text NOT NULL,
    installment int NOT NULL,
    amount_fen bigint
);
CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    stated_revision int NOT NULL DEFAULT 0,
    -- The revision that was paid: amounts of an earlier one are not told.
    frozen_revision int
);
CREATE TABLE bank_result (
    fact_id text PRIMARY KEY,
    slice_id text NOT NULL,
    line_id text NOT NULL,
    name text NOT NULL,
    at timestamptz NOT NULL,
    told boolean NOT NULL DEFAULT false
);
CREATE INDEX bank_result_waiting ON bank_result (slice_id) WHERE NOT told;

-- What happened, for nobody in particular. The order of `seq` is the order of commits (advisory lock).
CREATE TABLE fact (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact_id text NOT NULL UNIQUE,
    name text NOT NULL,
    subject_id text,
    ref text,
    project text NOT NULL,
    county text NOT NULL,
    township text,
    at timestamptz NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX fact_at ON fact (at);

-- What each agency has been given, in its own gapless order.
CREATE TABLE feed (
    agency text NOT NULL REFERENCES agency (code),
    position bigint NOT NULL,
    fact_seq bigint NOT NULL REFERENCES fact (seq),
    event_id text NOT NULL,
    PRIMARY KEY (agency, position),
    UNIQUE (agency, fact_seq)
);

CREATE TABLE subscription (
    subscription_id text PRIMARY KEY,
    agency text NOT NULL REFERENCES agency (code),
    channel text NOT NULL CHECK (channel IN ('topic', 'webhook')),
    types text[] NOT NULL,
    projects text[] NOT NULL,
    regions text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'disabled', 'ended')),
    endpoint text,
    secret_sealed bytea,
    former_sealed bytea,
    former_until timestamptz,
    position bigint NOT NULL DEFAULT 0,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz,
    dead_in_row int NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    CHECK ((channel = 'webhook') = (endpoint IS NOT NULL AND secret_sealed IS NOT NULL))
);
CREATE UNIQUE INDEX one_topic_subscription ON subscription (agency) WHERE channel = 'topic' AND state = 'active';

CREATE TABLE dead_letter (
    subscription_id text NOT NULL REFERENCES subscription (subscription_id),
    position bigint NOT NULL,
    attempts int NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    delivered_at timestamptz,
    PRIMARY KEY (subscription_id, position)
);

CREATE TABLE replay (
    replay_id text PRIMARY KEY,
    agency text NOT NULL REFERENCES agency (code),
    since timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    -- Positions from .. to, and how far it has come.
    position bigint NOT NULL,
    last_position bigint NOT NULL,
    events int NOT NULL DEFAULT 0,
    done_at timestamptz
);

CREATE TABLE usage (
    agency text NOT NULL,
    what text NOT NULL,
    since timestamptz NOT NULL,
    used bigint NOT NULL,
    PRIMARY KEY (agency, what, since)
);

-- An agency's own keyed tokens of persons, made by the registry; the answer to a token is never a number.
CREATE TABLE token (
    agency text NOT NULL REFERENCES agency (code),
    subject_id text NOT NULL,
    token text NOT NULL,
    PRIMARY KEY (agency, subject_id),
    UNIQUE (agency, token)
);
