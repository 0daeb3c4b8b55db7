-- Deductions netted into payments, decisions by two people, and recoveries (追回) with their ledger accounts.

-- What the bank is told of a payment: its amount less the deductions kept back from it. A deduction's own row is
-- never sent; it is settled with the attempt that it is `paid_with`.
ALTER TABLE payment ADD COLUMN net_fen bigint;
ALTER TABLE payment ADD COLUMN paid_with text;
ALTER TABLE payment ADD COLUMN paid_with_attempt int;
ALTER TABLE payment ADD COLUMN decision_id text;
UPDATE payment SET net_fen = amount_fen;
ALTER TABLE payment ALTER COLUMN net_fen SET NOT NULL;
-- A set whose every payment is kept back whole reserves nothing.
ALTER TABLE payment ALTER COLUMN committed_posting DROP NOT NULL;
ALTER TABLE payment DROP CONSTRAINT payment_amount_fen_check;
ALTER TABLE payment ADD CONSTRAINT payment_amounts CHECK (CASE WHEN paid_with IS NULL
    THEN amount_fen > 0 AND net_fen BETWEEN 0 AND amount_fen
    ELSE amount_fen < 0 AND net_fen = 0 AND paid_with_attempt IS NOT NULL END);
CREATE INDEX payment_riders ON payment (paid_with, paid_with_attempt) WHERE paid_with IS NOT NULL;
CREATE INDEX payment_line ON payment (line_id);

CREATE FUNCTION payment_net() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.net_fen := coalesce(NEW.net_fen, NEW.amount_fen);
    RETURN NEW;
END $$;
CREATE TRIGGER payment_nets BEFORE INSERT ON payment FOR EACH ROW
WHEN (NEW.net_fen IS NULL) EXECUTE FUNCTION payment_net();

DROP TRIGGER payment_transition ON payment;
CREATE TRIGGER payment_transition BEFORE UPDATE ON payment FOR EACH ROW
WHEN (OLD.state <> NEW.state
    AND OLD.state || '>' || NEW.state NOT IN (
        'PLANNED>COMMITTED', 'COMMITTED>SUBMITTED', 'COMMITTED>REJECTED',
        'SUBMITTED>ACCEPTED', 'SUBMITTED>UNKNOWN', 'SUBMITTED>REJECTED',
        'ACCEPTED>PAID', 'ACCEPTED>RETURNED', 'ACCEPTED>REJECTED', 'ACCEPTED>UNKNOWN',
        'UNKNOWN>PAID', 'UNKNOWN>RETURNED', 'UNKNOWN>REJECTED', 'PAID>RETURNED')
    -- Nothing is left to send: the deductions take it all.
    AND NOT (OLD.state || '>' || NEW.state = 'COMMITTED>PAID' AND NEW.net_fen = 0)
    -- Only by a decision of two people, taken for this very step.
    AND NOT (OLD.state || '>' || NEW.state IN ('REJECTED>PAID', 'SUBMITTED>COMMITTED')
        AND NEW.decision_id IS NOT NULL AND NEW.decision_id IS DISTINCT FROM OLD.decision_id))
EXECUTE FUNCTION refuse_change('no such step between payment states');

DROP TRIGGER payment_stands ON payment;
CREATE TRIGGER payment_stands BEFORE UPDATE ON payment FOR EACH ROW
WHEN (ROW (OLD.payment_id, OLD.attempt, OLD.line_id, OLD.order_id, OLD.file_id, OLD.seq, OLD.subject_id,
           OLD.payee_id, OLD.amount_fen, OLD.paid_with, OLD.paid_with_attempt)
      IS DISTINCT FROM ROW (NEW.payment_id, NEW.attempt, NEW.line_id, NEW.order_id, NEW.file_id, NEW.seq,
                            NEW.subject_id, NEW.payee_id, NEW.amount_fen, NEW.paid_with, NEW.paid_with_attempt)
      OR OLD.net_fen <> NEW.net_fen)
EXECUTE FUNCTION refuse_change('identity, payee and amount stand');

ALTER TABLE account DROP CONSTRAINT account_kind_check;
ALTER TABLE account ADD CONSTRAINT account_kind_check CHECK (kind IN
    ('appropriation', 'budget', 'committed', 'in_transit', 'paid', 'returned', 'suspense',
     'receivable', 'written_off', 'clearing'));
-- Two accounts stand for the world outside: what was appropriated, and what came to the bank unexplained.
ALTER TABLE account DROP CONSTRAINT no_negative_balance;
ALTER TABLE account ADD CONSTRAINT no_negative_balance
    CHECK (kind IN ('appropriation', 'clearing') OR balance_fen >= 0);
ALTER TABLE posting DROP CONSTRAINT posting_kind_check;
ALTER TABLE posting ADD CONSTRAINT posting_kind_check CHECK (kind IN
    ('grant', 'reserve', 'unreserve', 'order', 'send', 'result', 'return', 'restore', 'suspend',
     'recall', 'resolve', 'claim', 'set_off', 'repay', 'write_off', 'withdraw', 'clear'));
ALTER TABLE posting ADD COLUMN case_id text;

-- One person proposes with evidence, another decides. What it does is done in the same transaction.
CREATE TABLE decision (
    decision_id text PRIMARY KEY,
    about text NOT NULL CHECK (about IN
        ('conflict', 'unknown', 'file', 'suspense', 'open_recovery', 'end_recovery')),
    resource text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    choice text NOT NULL,
    evidence text NOT NULL,
    detail jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT decision_two_people CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT decision_decided CHECK ((state = 'proposed') = (decided_by IS NULL))
);
CREATE UNIQUE INDEX decision_one_open ON decision (about, resource) WHERE state = 'proposed';
CREATE INDEX decision_place ON decision (project, county, proposed_at);
CREATE TRIGGER decision_stands BEFORE UPDATE ON decision FOR EACH ROW
WHEN (OLD.state <> 'proposed' OR ROW (OLD.about, OLD.resource, OLD.choice, OLD.evidence, OLD.detail, OLD.proposed_by)
      IS DISTINCT FROM ROW (NEW.about, NEW.resource, NEW.choice, NEW.evidence, NEW.detail, NEW.proposed_by))
EXECUTE FUNCTION refuse_change('a decision is taken once');
CREATE TRIGGER decision_kept BEFORE DELETE OR TRUNCATE ON decision FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('decisions are history');

ALTER TABLE conflict ADD COLUMN suspended_fen bigint NOT NULL DEFAULT 0;
ALTER TABLE conflict ADD COLUMN settled_as text CHECK (settled_as IN ('paid', 'not_paid', 'paid_twice'));
ALTER TABLE conflict ADD COLUMN decision_id text REFERENCES decision (decision_id);
UPDATE conflict SET suspended_fen = coalesce((SELECT sum(amount_fen) FROM entry JOIN account USING (account_id)
    WHERE entry.posting_id = conflict.suspense_posting AND account.kind = 'suspense'), 0);
CREATE INDEX conflict_open ON conflict (payment_id) WHERE settled_as IS NULL;

-- 追回: `receivable` holds claimed - deducted - repaid - written off - withdrawn of all cases of the book.
CREATE TABLE recovery (
    case_id text PRIMARY KEY,
    payment_id text NOT NULL,
    attempt int NOT NULL,
    line_id text NOT NULL,
    application_id text NOT NULL,
    subject_id text NOT NULL,
    payee_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    entitlement_period text NOT NULL,
    year int NOT NULL,
    reason text NOT NULL,
    source text NOT NULL CHECK (source IN ('paid', 'suspense')),
    state text NOT NULL CHECK (state IN
        ('opened', 'noticed', 'recovering', 'recovered', 'written_off', 'withdrawn')),
    claimed_fen bigint NOT NULL CHECK (claimed_fen >= 0),
    deducted_fen bigint NOT NULL DEFAULT 0 CHECK (deducted_fen >= 0),
    repaid_fen bigint NOT NULL DEFAULT 0 CHECK (repaid_fen >= 0),
    written_off_fen bigint NOT NULL DEFAULT 0 CHECK (written_off_fen >= 0),
    withdrawn_fen bigint NOT NULL DEFAULT 0 CHECK (withdrawn_fen >= 0),
    notice_no text,
    noticed_on date,
    due_on date,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    CONSTRAINT recovery_never_more CHECK
        (deducted_fen + repaid_fen + written_off_fen + withdrawn_fen <= claimed_fen)
);
CREATE UNIQUE INDEX recovery_one_a_payment ON recovery (payment_id, attempt, source);
CREATE UNIQUE INDEX recovery_notice ON recovery (project, county, notice_no);
CREATE INDEX recovery_place ON recovery (project, county, opened_at);

-- `payment_id` of a deduction is that of the line that `batch` makes of it.
CREATE TABLE instalment (
    case_id text NOT NULL REFERENCES recovery (case_id),
    number int NOT NULL,
    means text NOT NULL CHECK (means IN ('deduction', 'cash')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('ordered', 'booked', 'cancelled')),
    installment int,
    payment_id text UNIQUE,
    from_period text,
    posting_id text REFERENCES posting (posting_id),
    entry_id text,
    booked_at timestamptz,
    PRIMARY KEY (case_id, number),
    CHECK ((means = 'deduction') = (payment_id IS NOT NULL))
);
