-- Matches and their persons. Subject ids, statuses and reasons: no number, no name, no account.

CREATE TABLE project (
    project text PRIMARY KEY,
    version text NOT NULL,
    -- Days for which a good card need not be asked about again; 0: always ask.
    fresh_days int NOT NULL,
    -- Answers without a result for a person before it becomes abnormal.
    most_asks int NOT NULL
);

CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL
);

-- One 人社匹卡 of a slice's revision; the match is the command.
CREATE TABLE card_match (
    match_id text PRIMARY KEY,
    slice_id text NOT NULL,
    revision int NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    most_asks int NOT NULL,
    at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE INDEX card_match_slice ON card_match (slice_id, revision);
CREATE INDEX card_match_open ON card_match (at) WHERE done_at IS NULL;

-- One request to the agency. Its persons never change, so that the same request id always means the same request.
CREATE TABLE match_part (
    match_id text NOT NULL REFERENCES card_match (match_id),
    part int NOT NULL,
    operation text NOT NULL CHECK (operation IN ('match', 'query')),
    -- Attempts so far, those of the requests it came from included: how long to wait grows with them.
    tries int NOT NULL DEFAULT 0,
    -- Answers to this very request that left somebody without a result.
    lies int NOT NULL DEFAULT 0,
    -- Wall clock: when to ask (again).
    next_at timestamptz NOT NULL,
    done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (match_id, part)
);
CREATE INDEX match_part_due ON match_part (next_at) WHERE NOT done;

-- Who is in a request, settled meanwhile or not: needed to repeat it unchanged.
CREATE TABLE part_person (
    match_id text NOT NULL,
    part int NOT NULL,
    payee_id text NOT NULL,
    PRIMARY KEY (match_id, part, payee_id),
    FOREIGN KEY (match_id, part) REFERENCES match_part (match_id, part)
);

-- A payee of a match; `part` is the request that asks about it now.
CREATE TABLE match_person (
    match_id text NOT NULL REFERENCES card_match (match_id),
    payee_id text NOT NULL,
    part int NOT NULL,
    status text NOT NULL CHECK (status IN ('waiting', 'processing', 'normal', 'abnormal')),
    reason text,
    asks int NOT NULL DEFAULT 0,
    settled_at timestamptz,
    PRIMARY KEY (match_id, payee_id)
);
CREATE INDEX match_person_open ON match_person (match_id) WHERE settled_at IS NULL;
CREATE INDEX match_person_good ON match_person (payee_id, settled_at) WHERE status = 'normal';
