-- Immutable project versions, running instances, and everything they wait for.

CREATE TABLE project_version (
    version text PRIMARY KEY,
    project text NOT NULL,
    number int NOT NULL,
    files jsonb NOT NULL,
    manifest jsonb NOT NULL,
    deployed_at timestamptz NOT NULL,
    deployed_by text NOT NULL,
    UNIQUE (project, number)
);

-- Which event starts which process; only a project's newest version takes new instances.
CREATE TABLE starter (
    version text NOT NULL REFERENCES project_version (version),
    process text NOT NULL,
    message_type text NOT NULL,
    PRIMARY KEY (version, process)
);

CREATE TABLE instance (
    id text PRIMARY KEY,
    business_key text NOT NULL,
    project text NOT NULL,
    version text NOT NULL REFERENCES project_version (version),
    process text NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'incident', 'ended')),
    county text,
    township text,
    rev int NOT NULL,
    state bytea NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    UNIQUE (process, business_key)
) WITH (fillfactor = 70);
ALTER TABLE instance ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX instance_key ON instance (business_key);

-- A token in STARTED waits for the outcome of this command.
CREATE TABLE command_wait (
    command_id text PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instance (id),
    task_id int NOT NULL,
    element text NOT NULL,
    operator text NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX command_wait_instance ON command_wait (instance_id);

CREATE TABLE message_wait (
    instance_id text NOT NULL REFERENCES instance (id),
    task_id int NOT NULL,
    branch int NOT NULL,
    element text NOT NULL,
    message_type text NOT NULL,
    correlation text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (instance_id, task_id, branch)
);
CREATE INDEX message_wait_for ON message_wait (message_type, correlation);

CREATE TABLE timer (
    instance_id text NOT NULL REFERENCES instance (id),
    task_id int NOT NULL,
    branch int NOT NULL,
    element text NOT NULL,
    due timestamptz NOT NULL,
    sent boolean NOT NULL DEFAULT false,
    PRIMARY KEY (instance_id, task_id, branch)
);
CREATE INDEX timer_due ON timer (due) WHERE NOT sent;

-- kind `act`: a person decides here. kind `await`: another room waits for people; this one only shows who and when.
CREATE TABLE work_item (
    id text PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instance (id),
    task_id int NOT NULL,
    business_key text NOT NULL,
    project text NOT NULL,
    process text NOT NULL,
    node text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('act', 'await')),
    role text NOT NULL,
    region text NOT NULL,
    decisions text[] NOT NULL,
    others text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'claimed', 'completing', 'done', 'cancelled')),
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    claimed_by text,
    completed_by text,
    decision text,
    closed_at timestamptz
);
CREATE INDEX work_item_desk ON work_item (role, region, opened_at) WHERE state IN ('open', 'claimed');
CREATE INDEX work_item_instance ON work_item (instance_id);

CREATE TABLE history (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instance (id),
    at timestamptz NOT NULL,
    what text NOT NULL,
    element text NOT NULL,
    actor text,
    detail jsonb
);
CREATE INDEX history_instance ON history (instance_id, number);
