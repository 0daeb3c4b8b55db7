-- A household and its head may carry the same token; a person whom the registry no longer knows has none. The
-- pseudonym stands beside it, because it cannot be turned back. Asynchronous requests wait here for their answer.
ALTER TABLE token DROP CONSTRAINT token_agency_token_key;
ALTER TABLE token ALTER COLUMN token DROP NOT NULL;
ALTER TABLE token ADD COLUMN pseudonym text NOT NULL;
CREATE INDEX token_find ON token (agency, token);
CREATE UNIQUE INDEX token_pseudonym ON token (agency, pseudonym);

CREATE TABLE callback (
    correlation_id text PRIMARY KEY,
    agency text NOT NULL REFERENCES agency (code),
    subscription_id text NOT NULL REFERENCES subscription (subscription_id),
    uri text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('search', 'resolve')),
    request jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    reason text
);
CREATE INDEX callback_waiting ON callback (next_at) WHERE state = 'waiting';
