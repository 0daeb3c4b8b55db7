-- 每日对账: one row per account (a county's for a project) and day since its first order; `due` until the bank's
-- statement of that day has been booked. `quiet`: nothing moved, neither at the bank nor with us.

CREATE TABLE reconciliation_run (
    project text NOT NULL,
    county text NOT NULL,
    day date NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'done', 'quiet')),
    tries int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL,
    -- Why the last try brought nothing: the bank's own code, or ours for a statement that can't be read.
    why text,
    entries int NOT NULL DEFAULT 0,
    matched int NOT NULL DEFAULT 0,
    suspended int NOT NULL DEFAULT 0,
    suspended_fen bigint NOT NULL DEFAULT 0,
    agrees boolean,
    -- What did not agree when the day was booked, by name, and how often.
    differences jsonb NOT NULL DEFAULT '{}',
    booked_at timestamptz,
    PRIMARY KEY (project, county, day),
    CHECK ((state = 'due') = (booked_at IS NULL)),
    CHECK ((state = 'due') = (agrees IS NULL))
);
CREATE INDEX reconciliation_run_due ON reconciliation_run (next_try_at) WHERE state = 'due';
CREATE INDEX posting_day ON posting (project, county, business_day);
CREATE INDEX statement_entry_new ON statement_entry (project, county) WHERE state = 'new';
