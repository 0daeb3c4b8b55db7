-- Objections and the few facts about lines that they need. Every free text is sealed: it may hold names.

CREATE TABLE line (
    line_id text PRIMARY KEY,
    slice_id text NOT NULL,
    rev int NOT NULL,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL
);

CREATE TABLE objection (
    objection_id text PRIMARY KEY,
    notice_id text NOT NULL,
    line_id text NOT NULL REFERENCES line (line_id),
    -- Where the line stood at registration: accepted and concluded travel under one key, in order.
    slice_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    -- Who complained: shown to the complaints desk and discipline alone (decisions §5).
    complainant text NOT NULL,
    topic text NOT NULL,
    text_sealed bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('registered', 'accepted', 'refused', 'surveyed', 'concluded')),
    registered_at timestamptz NOT NULL,
    -- Last day to accept or refuse: 3 working days.
    due_on date NOT NULL,
    accepted_at timestamptz,
    accepted_by text,
    refused_at timestamptz,
    refused_by text,
    refusal_sealed bytea,
    surveyed_at timestamptz,
    surveyed_by text,
    findings jsonb,
    findings_sealed bytea,
    concluded_at timestamptz,
    concluded_by text,
    upheld boolean,
    opinion_sealed bytea,
    -- When batch was told: a dismissal waits until no other accepted objection holds the line.
    announced_at timestamptz,
    CHECK ((state = 'concluded') = (upheld IS NOT NULL AND concluded_by IS NOT NULL)),
    CHECK (announced_at IS NULL OR state = 'concluded')
);
CREATE INDEX objection_county ON objection (county, project, state, due_on);
CREATE INDEX objection_complainant ON objection (complainant);
CREATE INDEX objection_line ON objection (line_id);
-- One open objection per person and line, also when two arrive at the same moment.
CREATE UNIQUE INDEX one_open_objection ON objection (complainant, line_id)
    WHERE state IN ('registered', 'accepted', 'surveyed');
