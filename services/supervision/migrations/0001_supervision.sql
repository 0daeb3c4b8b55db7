-- Read models of everybody else's events, and this room's own 督办 orders and watch lists. No person's data.
-- Overdue days are never stored: they follow from due_at and the business clock.

CREATE TABLE project (
    project text PRIMARY KEY,
    version text NOT NULL,
    name text NOT NULL,
    -- Element id of the diagrams → its name on screens.
    nodes jsonb NOT NULL
);

CREATE TABLE application (
    application_id text PRIMARY KEY,
    project text NOT NULL,
    township text NOT NULL,
    subject_id text NOT NULL
);

CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    batch_id text NOT NULL,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL
);

CREATE TABLE settlement_set (
    set_id text PRIMARY KEY,
    batch_id text NOT NULL,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL
);

-- A slice may leave a set and come in a later one: both are part of its way.
CREATE TABLE set_slice (
    set_id text NOT NULL,
    slice_id text NOT NULL,
    PRIMARY KEY (set_id, slice_id)
);
CREATE INDEX set_slice_slice ON set_slice (slice_id);

CREATE TABLE line (
    line_id text PRIMARY KEY,
    application_id text NOT NULL,
    subject_id text NOT NULL,
    slice_id text NOT NULL,
    rev int NOT NULL,
    state text NOT NULL,
    entitlement_period text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL
);
CREATE INDEX line_application ON line (application_id);

-- Which slices a line has been in, since when: later steps of a slice it left are no part of its way.
CREATE TABLE line_place (
    line_id text NOT NULL,
    slice_id text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (line_id, slice_id)
);

-- What waits for a person: a work item, or a deadline of a complaint.
CREATE TABLE item (
    item_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('work_item', 'case')),
    business_key text NOT NULL,
    project text,
    region text NOT NULL,
    node text NOT NULL,
    role text NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz,
    closed_at timestamptz,
    decision text,
    actor text
);
CREATE INDEX item_open ON item (due_at) WHERE closed_at IS NULL;
CREATE INDEX item_key ON item (business_key);

-- What happened to an application, slice, set, line or case; the timelines read it.
CREATE TABLE step (
    message_id text PRIMARY KEY,
    subject text NOT NULL,
    ref text NOT NULL,
    at timestamptz NOT NULL,
    node text NOT NULL,
    what text NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX step_ref ON step (ref, subject, at);

CREATE TABLE payment_result (
    line_id text NOT NULL,
    order_id text NOT NULL,
    state text NOT NULL,
    code text,
    at timestamptz NOT NULL,
    PRIMARY KEY (line_id, order_id)
);

-- Who was stopped by which rule (M59, M69): once per person's line or application, rule and stage.
CREATE TABLE interception (
    subject text NOT NULL CHECK (subject IN ('application', 'line')),
    ref text NOT NULL,
    rule text NOT NULL,
    stage text NOT NULL,
    -- The slice of a line; an application says itself where it belongs.
    slice_id text,
    effect text NOT NULL,
    first_at timestamptz NOT NULL,
    PRIMARY KEY (subject, ref, rule, stage)
);
CREATE INDEX interception_slice ON interception (slice_id);

CREATE TABLE hit_decision (
    hit_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    rule text NOT NULL,
    stage text NOT NULL,
    confirmed boolean NOT NULL,
    at timestamptz NOT NULL
);

CREATE TABLE recovery (
    case_id text PRIMARY KEY,
    line_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    state text NOT NULL,
    claimed_fen bigint NOT NULL,
    recovered_fen bigint NOT NULL,
    written_off_fen bigint NOT NULL
);

-- 督办: the room's one act. The texts are sealed.
CREATE TABLE urge_order (
    order_id text PRIMARY KEY,
    item_id text NOT NULL REFERENCES item (item_id),
    subject_kind text NOT NULL,
    business_key text NOT NULL,
    project text,
    region text NOT NULL,
    node text NOT NULL,
    role text NOT NULL,
    overdue_since timestamptz NOT NULL,
    -- The official it is addressed to; null: whoever may act.
    named text,
    note_sealed bytea,
    issued_by text NOT NULL,
    issued_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'answered', 'done')),
    answered_by text,
    answered_at timestamptz,
    answer_sealed bytea,
    done_at timestamptz,
    done_by text,
    CHECK ((answered_at IS NULL) = (answered_by IS NULL)),
    CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX urge_order_item ON urge_order (item_id);
CREATE INDEX urge_order_named ON urge_order (named, issued_at);
-- One open order per item and addressee, also when two press the button at once.
CREATE UNIQUE INDEX urge_order_once ON urge_order (item_id, coalesce(named, '')) WHERE state <> 'done';

CREATE TABLE watch (
    watch_id text PRIMARY KEY,
    username text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('item', 'case', 'application', 'line', 'slice')),
    ref text NOT NULL,
    project text,
    region text NOT NULL,
    since timestamptz NOT NULL,
    UNIQUE (username, kind, ref)
);
