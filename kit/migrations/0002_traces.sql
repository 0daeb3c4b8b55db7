-- The trace of a command that has been taken and not yet answered: a worker answers it later, in the same trace.
CREATE TABLE command_trace (
    id text PRIMARY KEY,
    traceparent text NOT NULL,
    since timestamptz NOT NULL
);
