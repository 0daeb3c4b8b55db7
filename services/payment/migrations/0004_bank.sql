-- Bank files out, result files in, and what only a query may settle.

CREATE TABLE bank_file (
    file_id text PRIMARY KEY,
    order_id text NOT NULL REFERENCES payment_order (order_id),
    project text NOT NULL,
    county text NOT NULL,
    number int NOT NULL,
    state text NOT NULL CHECK (state IN
        ('planned', 'built', 'sending', 'accepted', 'refused', 'empty', 'settled')),
    format text,
    encoding text,
    lines int,
    total_fen bigint,
    sha256 text,
    -- Names and accounts: encrypted, and gone after `delete_after`.
    content bytea,
    delete_after date,
    receipt_no text,
    refusal text,
    tries int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    sent_posting text,
    built_at timestamptz,
    sent_at timestamptz,
    UNIQUE (order_id, number)
);
CREATE INDEX bank_file_due ON bank_file (state, next_try_at);

-- Result files, applied or refused. The bank's own file id and the digest each apply once.
CREATE TABLE result_file (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id text NOT NULL REFERENCES bank_file (file_id),
    bank_result_id text NOT NULL,
    sha256 text NOT NULL,
    source text NOT NULL CHECK (source IN ('bank', 'upload')),
    state text NOT NULL CHECK (state IN ('applied', 'refused')),
    refusal text,
    lines int NOT NULL,
    paid int NOT NULL,
    failed int NOT NULL,
    unknown int NOT NULL,
    conflicts int NOT NULL,
    times int NOT NULL DEFAULT 1,
    actor text NOT NULL,
    at timestamptz NOT NULL
);
CREATE UNIQUE INDEX result_applied_once ON result_file (file_id, sha256) WHERE state = 'applied';
CREATE UNIQUE INDEX result_id_once ON result_file (bank_result_id) WHERE state = 'applied';
CREATE UNIQUE INDEX result_refused ON result_file (file_id, bank_result_id, sha256) WHERE state = 'refused';

-- Payments in UNKNOWN: settled by asking the bank, never by sending again.
CREATE TABLE unknown_payment (
    payment_id text NOT NULL,
    attempt int NOT NULL,
    order_id text NOT NULL,
    since timestamptz NOT NULL,
    queries int NOT NULL DEFAULT 0,
    next_query_at timestamptz NOT NULL,
    last_answer text,
    PRIMARY KEY (payment_id, attempt),
    FOREIGN KEY (payment_id, attempt) REFERENCES payment (payment_id, attempt)
);
CREATE INDEX unknown_due ON unknown_payment (next_query_at);

-- The bank said two things of one payment: kept beside each other for a person, nothing overwritten.
CREATE TABLE conflict (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id text NOT NULL,
    attempt int NOT NULL,
    order_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    held text NOT NULL,
    claimed text NOT NULL,
    code text,
    source text NOT NULL,
    suspense_posting text,
    at timestamptz NOT NULL,
    UNIQUE (payment_id, attempt, claimed, source)
);
