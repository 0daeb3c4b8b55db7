-- 支付申请 → 拨款凭证: nothing is sent on a list whose hash or total differs from the voucher (domain §4).

CREATE TABLE payment_request (
    order_id text PRIMARY KEY REFERENCES payment_order (order_id),
    list_hash text NOT NULL,
    lines int NOT NULL,
    total_fen bigint NOT NULL,
    mode text NOT NULL CHECK (mode IN ('internal', 'external')),
    state text NOT NULL CHECK (state IN ('waiting', 'vouched', 'refused')),
    refusal text,
    drawn_at timestamptz NOT NULL,
    CHECK ((state = 'refused') = (refusal IS NOT NULL))
);
CREATE TRIGGER payment_request_stands BEFORE UPDATE ON payment_request FOR EACH ROW
WHEN (OLD.state = 'refused'
      OR ROW (OLD.order_id, OLD.list_hash, OLD.lines, OLD.total_fen, OLD.mode)
      IS DISTINCT FROM ROW (NEW.order_id, NEW.list_hash, NEW.lines, NEW.total_fen, NEW.mode))
EXECUTE FUNCTION refuse_change('a payment request stands');

-- What a voucher says, accepted or refused; one accepted voucher per order, and one order per number.
CREATE TABLE voucher (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text NOT NULL REFERENCES payment_request (order_id),
    voucher_no text NOT NULL,
    list_hash text NOT NULL,
    amount_fen bigint NOT NULL,
    refusal text,
    actor text NOT NULL,
    at timestamptz NOT NULL
);
CREATE UNIQUE INDEX voucher_one_an_order ON voucher (order_id) WHERE refusal IS NULL;
CREATE UNIQUE INDEX voucher_one_a_number ON voucher (voucher_no) WHERE refusal IS NULL;
CREATE TRIGGER voucher_stands BEFORE UPDATE OR DELETE ON voucher FOR EACH ROW
EXECUTE FUNCTION refuse_change('vouchers are kept 30 years');
