-- Double entry, append-only, integer fen. The rules stand in the database, so that no code can go round them.

CREATE TABLE account (
    account_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    year int NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('appropriation', 'budget', 'committed', 'in_transit', 'paid', 'returned', 'suspense')),
    balance_fen bigint NOT NULL DEFAULT 0,
    UNIQUE (project, county, year, kind),
    -- The outside source alone is below zero: by what was appropriated so far.
    CONSTRAINT no_negative_balance CHECK (kind = 'appropriation' OR balance_fen >= 0)
);

CREATE TABLE posting (
    posting_id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind text NOT NULL CHECK (kind IN
        ('grant', 'reserve', 'unreserve', 'order', 'send', 'result', 'return', 'restore', 'suspend')),
    project text NOT NULL,
    county text NOT NULL,
    year int NOT NULL,
    set_id text,
    order_id text,
    file_id text,
    memo text NOT NULL,
    actor text NOT NULL,
    business_day date NOT NULL,
    at timestamptz NOT NULL,
    transaction_id bigint NOT NULL DEFAULT txid_current()
);
CREATE INDEX posting_order ON posting (order_id);

CREATE TABLE entry (
    posting_id text NOT NULL REFERENCES posting (posting_id),
    account_id text NOT NULL REFERENCES account (account_id),
    -- Signed: what the account gains; the entries of a posting sum to zero.
    amount_fen bigint NOT NULL CHECK (amount_fen <> 0),
    PRIMARY KEY (posting_id, account_id)
);

CREATE FUNCTION entry_moves_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM entered JOIN posting USING (posting_id)
               WHERE posting.transaction_id <> txid_current()) THEN
        RAISE EXCEPTION 'a posting of an earlier transaction takes no more entries'
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- In the order of accounts, so that two transactions never wait for each other.
    PERFORM 1 FROM account WHERE account_id IN (SELECT account_id FROM entered)
        ORDER BY account_id FOR UPDATE;
    UPDATE account SET balance_fen = balance_fen + moved.fen
    FROM (SELECT account_id, sum(amount_fen) AS fen FROM entered GROUP BY account_id) AS moved
    WHERE account.account_id = moved.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_balance AFTER INSERT ON entry REFERENCING NEW TABLE AS entered
FOR EACH STATEMENT EXECUTE FUNCTION entry_moves_balance();

CREATE FUNCTION posting_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sum_fen numeric;
    sides int;
BEGIN
    SELECT coalesce(sum(amount_fen), 0), count(*) INTO sum_fen, sides
    FROM entry WHERE posting_id = NEW.posting_id;
    IF sum_fen <> 0 OR sides < 2 THEN
        RAISE EXCEPTION 'posting % does not balance: % entries, sum %', NEW.posting_id, sides, sum_fen
            USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION posting_must_balance();
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON entry
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION posting_must_balance();

CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the ledger is append-only');
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the ledger is append-only');
CREATE TRIGGER account_kept BEFORE DELETE OR TRUNCATE ON account
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the ledger is append-only');
-- Balances follow from entries alone: a plain UPDATE is not inside another trigger.
CREATE TRIGGER account_follows_entries BEFORE UPDATE ON account
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change('balances follow entries');
CREATE TRIGGER account_opens_empty BEFORE INSERT ON account
FOR EACH ROW WHEN (NEW.balance_fen <> 0) EXECUTE FUNCTION refuse_change('an account opens at zero');
