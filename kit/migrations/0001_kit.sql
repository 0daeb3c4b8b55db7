-- What every room's database carries beside its own tables: outbox, inbox, chunks, waiting and parked messages.

CREATE TABLE outbox_key (
    topic text NOT NULL,
    key text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (topic, key)
);

-- Lasting rows: PostgreSQL, not Kafka, is the record, so a lost broker can be rebuilt (decisions II).
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    topic text NOT NULL,
    key text NOT NULL,
    key_seq bigint NOT NULL,
    type text NOT NULL,
    cause text,
    traceparent text,
    at timestamptz NOT NULL,
    body bytea NOT NULL,
    UNIQUE (topic, key, key_seq)
);
ALTER TABLE outbox ALTER COLUMN body SET STORAGE EXTERNAL;

-- Not yet acknowledged by the broker; deleted by the ids read, never by range.
CREATE TABLE pending (
    seq bigint PRIMARY KEY REFERENCES outbox (seq)
);

-- The relay's memory: bus generation, and per topic the last acknowledged record, to recognise a new broker.
CREATE TABLE relay_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    generation bigint NOT NULL DEFAULT 1,
    marker_after bigint
);
INSERT INTO relay_state DEFAULT VALUES;
CREATE TABLE relay_mark (
    topic text NOT NULL,
    partition int NOT NULL,
    record_offset bigint NOT NULL,
    id text NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Last sequence applied per sender, topic and key; never expires, duplicates arrive months later.
CREATE TABLE inbox (
    sender text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (sender, topic, key)
);
CREATE TABLE inbox_generation (
    sender text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    generation bigint NOT NULL,
    PRIMARY KEY (sender, topic, partition)
);

CREATE TABLE chunk (
    stream_id text NOT NULL,
    revision int NOT NULL,
    part int NOT NULL,
    of int NOT NULL,
    digest text NOT NULL,
    rows jsonb NOT NULL,
    PRIMARY KEY (stream_id, revision, part)
);
CREATE TABLE stream_complete (
    stream_id text NOT NULL,
    revision int NOT NULL,
    PRIMARY KEY (stream_id, revision)
);
-- Rows of a chunk that no model could read: set apart one by one, so that the others go on.
CREATE TABLE bad_row (
    stream_id text NOT NULL,
    revision int NOT NULL,
    part int NOT NULL,
    row jsonb NOT NULL,
    reason text NOT NULL
);
CREATE TABLE waiting (
    id text PRIMARY KEY,
    envelope jsonb NOT NULL,
    body bytea NOT NULL,
    since timestamptz NOT NULL
);
CREATE TABLE waiting_for (
    id text NOT NULL REFERENCES waiting (id) ON DELETE CASCADE,
    stream_id text NOT NULL,
    revision int NOT NULL,
    PRIMARY KEY (id, stream_id, revision)
);
CREATE INDEX waiting_for_stream ON waiting_for (stream_id, revision);

CREATE TABLE parked (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition int NOT NULL,
    record_offset bigint NOT NULL,
    key text,
    sender text,
    sequence bigint,
    envelope jsonb,
    body bytea,
    reason text NOT NULL,
    state text NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'retried', 'dropped')),
    at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text
);
CREATE INDEX parked_open ON parked (topic, key) WHERE state = 'parked';

CREATE FUNCTION chunk_rows(wanted_stream text, wanted_revision int) RETURNS SETOF jsonb
LANGUAGE sql STABLE ROWS 1000 AS $$
    SELECT jsonb_array_elements(rows) FROM (
        SELECT rows FROM chunk WHERE stream_id = wanted_stream AND revision = wanted_revision ORDER BY part
    ) AS parts
$$;
