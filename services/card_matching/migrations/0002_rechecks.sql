-- Cards before the file, and who may receive whose money (R12).

ALTER TABLE project ADD COLUMN recheck_days int NOT NULL DEFAULT 0;

-- One check of a set before the file; each of its slices is a match of its own.
CREATE TABLE recheck (
    check_id text PRIMARY KEY,
    set_id text NOT NULL,
    project text NOT NULL,
    slices int NOT NULL,
    at timestamptz NOT NULL,
    done_at timestamptz
);

ALTER TABLE card_match
    ADD COLUMN check_id text REFERENCES recheck (check_id),
    -- Whether the registry has been asked who may receive (R12).
    ADD COLUMN payees_checked boolean NOT NULL DEFAULT false;
UPDATE card_match SET payees_checked = true WHERE done_at IS NOT NULL;
CREATE INDEX card_match_check ON card_match (check_id) WHERE check_id IS NOT NULL;

-- Beneficiary and payee of a match where the payee is not the authorised one.
CREATE TABLE unauthorised (
    match_id text NOT NULL REFERENCES card_match (match_id),
    subject_id text NOT NULL,
    payee_id text NOT NULL,
    PRIMARY KEY (match_id, subject_id, payee_id)
);

-- Payees whose account failed at the bank: what was found good before then is not believed any more.
CREATE TABLE distrusted (
    payee_id text PRIMARY KEY,
    since timestamptz NOT NULL
);
CREATE INDEX match_person_newest ON match_person (payee_id, settled_at);
