-- Payment orders and the payments in them. One entitlement has one payment id for ever (decisions §6).

CREATE TABLE payment_order (
    order_id text PRIMARY KEY,
    set_id text NOT NULL UNIQUE,
    project text NOT NULL,
    county text NOT NULL,
    period text NOT NULL,
    year int NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'sending', 'settled')),
    lines int NOT NULL,
    total_fen bigint NOT NULL,
    withheld int NOT NULL,
    command_id text NOT NULL,
    work_item_id text NOT NULL,
    actor text NOT NULL,
    issued_at timestamptz NOT NULL,
    settled_at timestamptz
);

CREATE TABLE order_slice (
    order_id text NOT NULL REFERENCES payment_order (order_id),
    slice_id text NOT NULL,
    revision int NOT NULL,
    root text NOT NULL,
    exclusions int NOT NULL,
    township text NOT NULL,
    category text NOT NULL,
    lines int NOT NULL,
    total_fen bigint NOT NULL,
    PRIMARY KEY (order_id, slice_id)
);

-- State and results change often; the page keeps room for them, and no index covers what changes, so that
-- updates stay on their page (HOT). `live` is what uniqueness is about: not yet failed or returned.
CREATE TABLE payment (
    payment_id text NOT NULL,
    attempt int NOT NULL CHECK (attempt BETWEEN 1 AND 99),
    line_id text NOT NULL,
    slice_id text NOT NULL,
    set_id text NOT NULL,
    order_id text NOT NULL REFERENCES payment_order (order_id),
    file_id text NOT NULL,
    seq int NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    village text NOT NULL,
    subject_id text NOT NULL,
    payee_id text NOT NULL,
    entitlement_period text NOT NULL,
    kind text NOT NULL,
    installment int NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN
        ('PLANNED', 'COMMITTED', 'SUBMITTED', 'ACCEPTED', 'UNKNOWN', 'PAID', 'REJECTED', 'RETURNED')),
    live boolean NOT NULL GENERATED ALWAYS AS (state NOT IN ('REJECTED', 'RETURNED')) STORED,
    code text,
    reason text,
    bank_ref text,
    paid_at text,
    committed_posting text NOT NULL REFERENCES posting (posting_id),
    sent_posting text,
    settled_posting text,
    returned_posting text,
    PRIMARY KEY (payment_id, attempt)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX payment_one_live ON payment (payment_id) WHERE live;
CREATE UNIQUE INDEX payment_file_seq ON payment (file_id, seq);
CREATE INDEX payment_order_line ON payment (order_id, line_id);
CREATE INDEX payment_subject ON payment (subject_id);

CREATE TRIGGER payment_transition BEFORE UPDATE ON payment FOR EACH ROW
WHEN (OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN (
    'PLANNED>COMMITTED', 'COMMITTED>SUBMITTED', 'COMMITTED>REJECTED',
    'SUBMITTED>ACCEPTED', 'SUBMITTED>UNKNOWN', 'SUBMITTED>REJECTED',
    'ACCEPTED>PAID', 'ACCEPTED>RETURNED', 'ACCEPTED>REJECTED', 'ACCEPTED>UNKNOWN',
    'UNKNOWN>PAID', 'UNKNOWN>RETURNED', 'UNKNOWN>REJECTED', 'PAID>RETURNED'))
EXECUTE FUNCTION refuse_change('no such step between payment states');
CREATE TRIGGER payment_stands BEFORE UPDATE ON payment FOR EACH ROW
WHEN (ROW (OLD.payment_id, OLD.attempt, OLD.line_id, OLD.order_id, OLD.file_id, OLD.seq, OLD.subject_id,
           OLD.payee_id, OLD.amount_fen)
      IS DISTINCT FROM ROW (NEW.payment_id, NEW.attempt, NEW.line_id, NEW.order_id, NEW.file_id, NEW.seq,
                            NEW.subject_id, NEW.payee_id, NEW.amount_fen))
EXECUTE FUNCTION refuse_change('identity, payee and amount stand');
CREATE TRIGGER payment_starts BEFORE INSERT ON payment FOR EACH ROW
WHEN (NEW.state NOT IN ('PLANNED', 'COMMITTED'))
EXECUTE FUNCTION refuse_change('a payment starts planned or committed');
CREATE TRIGGER payment_kept BEFORE DELETE OR TRUNCATE ON payment FOR EACH STATEMENT
EXECUTE FUNCTION refuse_change('payments are history');

-- A line that the order may not carry; a person looks at it (same entitlement, other amount; still live; …).
CREATE TABLE withheld (
    order_id text NOT NULL REFERENCES payment_order (order_id),
    slice_id text NOT NULL,
    line_id text NOT NULL,
    payment_id text NOT NULL,
    amount_fen bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (order_id, line_id)
);

-- What a project's manifest says about paying: the short name on the payee's statement, and who pays.
CREATE TABLE project_terms (
    project text PRIMARY KEY,
    version text NOT NULL,
    short_name text NOT NULL,
    payer_account text NOT NULL,
    bank text NOT NULL
);
