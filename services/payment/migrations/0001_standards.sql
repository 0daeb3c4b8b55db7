-- Standards (补贴标准), 测算 and what a county's quota is: the facts that money is derived from.

-- Maintained once (M31): a later price is a new row from a later day; a price that was used never changes.
CREATE TABLE standard (
    standard_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    category text NOT NULL,
    unit text NOT NULL,
    unit_price numeric(18, 8) NOT NULL CHECK (unit_price > 0),
    valid_from date NOT NULL,
    valid_to date,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    UNIQUE (project, county, category, valid_from),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER standard_price_stands BEFORE UPDATE ON standard FOR EACH ROW
WHEN (ROW (OLD.project, OLD.county, OLD.category, OLD.unit, OLD.unit_price, OLD.valid_from)
      IS DISTINCT FROM ROW (NEW.project, NEW.county, NEW.category, NEW.unit, NEW.unit_price, NEW.valid_from))
EXECUTE FUNCTION refuse_change('only the last day may be set');
CREATE TRIGGER standard_kept BEFORE DELETE ON standard FOR EACH ROW
EXECUTE FUNCTION refuse_change('standards are history');

-- One 测算 of a set, with the standards it pinned.
CREATE TABLE calculation (
    calculation_id text PRIMARY KEY,
    set_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    period text NOT NULL,
    priced_lines int NOT NULL,
    total_fen bigint NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX calculation_set ON calculation (set_id);

CREATE TABLE calculation_standard (
    calculation_id text NOT NULL REFERENCES calculation (calculation_id),
    category text NOT NULL,
    entitlement_period text NOT NULL,
    standard_id text NOT NULL REFERENCES standard (standard_id),
    PRIMARY KEY (calculation_id, category, entitlement_period)
);

-- A quota (指标) is county x project x year; what it holds stands in the ledger, the documents stand here.
CREATE TABLE quota (
    quota_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    year int NOT NULL,
    UNIQUE (project, county, year)
);

CREATE TABLE quota_grant (
    quota_id text NOT NULL REFERENCES quota (quota_id),
    document_no text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (quota_id, document_no)
);

-- 审核挂账: what a set holds of its quota until its order is drawn.
CREATE TABLE reservation (
    set_id text PRIMARY KEY,
    quota_id text NOT NULL REFERENCES quota (quota_id),
    reserved_fen bigint NOT NULL CHECK (reserved_fen >= 0),
    posting_id text NOT NULL,
    order_id text
);

-- Heads of what batch states, kept for what chunk rows don't carry.
CREATE TABLE slice_head (
    slice_id text PRIMARY KEY,
    batch_id text NOT NULL,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL
);

CREATE TABLE line_exclusion (
    slice_id text NOT NULL,
    seq int NOT NULL,
    line_id text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (slice_id, seq)
);
