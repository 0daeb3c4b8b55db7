-- Persons under their own keys. Nothing of a person stands here in the clear.

CREATE TABLE subject (
    subject_id text PRIMARY KEY,
    -- HMAC of the canonical number: two spellings of one number can never become two persons.
    blind_index text NOT NULL UNIQUE,
    -- The person's data key, wrapped by the master key; null once the person's data were erased.
    wrapped_key bytea,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    erased_at timestamptz,
    CHECK ((wrapped_key IS NULL) = (erased_at IS NOT NULL))
);

-- Where a person has to do with the administration: decides which officials may look at them.
CREATE TABLE subject_region (
    subject_id text NOT NULL REFERENCES subject (subject_id),
    township text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (subject_id, township)
);

-- The account a card match yielded, under the same person's key.
CREATE TABLE account (
    subject_id text PRIMARY KEY REFERENCES subject (subject_id),
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL
);
