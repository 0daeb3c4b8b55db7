-- The bank's statement of a day, entry by entry: the last word on what moved. No names, no account numbers.

CREATE TABLE statement (
    statement_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    day date NOT NULL,
    source text NOT NULL CHECK (source IN ('bank', 'upload', 'camt')),
    sha256 text NOT NULL,
    entries int NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    UNIQUE (project, county, day, sha256)
);

-- `entry_id` is made of the bank's own reference, so that the same entry counts once, in whatever statement.
CREATE TABLE statement_entry (
    entry_id text PRIMARY KEY,
    statement_id text NOT NULL REFERENCES statement (statement_id),
    project text NOT NULL,
    county text NOT NULL,
    year int NOT NULL,
    day date NOT NULL,
    bank_ref text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('debit', 'credit')),
    kind text NOT NULL CHECK (kind IN ('payment', 'return', 'repayment', 'other')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    end_to_end_id text,
    reference text,
    code text,
    state text NOT NULL CHECK (state IN ('new', 'matched', 'suspended', 'resolved')),
    why text,
    payment_id text,
    attempt int,
    case_id text REFERENCES recovery (case_id),
    -- What of it stands on `suspense` now, and the posting that put it there.
    suspended_fen bigint NOT NULL DEFAULT 0,
    posting_id text REFERENCES posting (posting_id),
    decision_id text REFERENCES decision (decision_id),
    UNIQUE (project, county, bank_ref, direction)
);
CREATE INDEX statement_entry_day ON statement_entry (project, county, day);
CREATE INDEX statement_entry_open ON statement_entry (project, county) WHERE state = 'suspended';
CREATE INDEX statement_entry_payment ON statement_entry (payment_id, attempt) WHERE payment_id IS NOT NULL;
CREATE TRIGGER statement_entry_stands BEFORE UPDATE ON statement_entry FOR EACH ROW
WHEN (ROW (OLD.entry_id, OLD.day, OLD.bank_ref, OLD.direction, OLD.amount_fen, OLD.end_to_end_id)
      IS DISTINCT FROM ROW (NEW.entry_id, NEW.day, NEW.bank_ref, NEW.direction, NEW.amount_fen, NEW.end_to_end_id))
EXECUTE FUNCTION refuse_change('what the bank stated stands');
CREATE TRIGGER statement_entry_kept BEFORE DELETE OR TRUNCATE ON statement_entry FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('no entry is dropped');
