-- Pool ÷ area (decisions §6), ceilings of standards, what a reissue was priced by, how a project prices and pays.

ALTER TABLE standard ADD COLUMN ceiling_fen bigint CHECK (ceiling_fen > 0);
DROP TRIGGER standard_price_stands ON standard;
CREATE TRIGGER standard_price_stands BEFORE UPDATE ON standard FOR EACH ROW
WHEN (ROW (OLD.project, OLD.county, OLD.category, OLD.unit, OLD.unit_price, OLD.ceiling_fen, OLD.valid_from)
      IS DISTINCT FROM
      ROW (NEW.project, NEW.county, NEW.category, NEW.unit, NEW.unit_price, NEW.ceiling_fen, NEW.valid_from))
EXECUTE FUNCTION refuse_change('only the last day may be set');

-- A reissue is priced by the standard that its former line was priced by, whatever was maintained since.
CREATE FUNCTION former_standard(former_line text, of_category text, of_period text) RETURNS text
LANGUAGE sql STABLE STRICT AS $$
    SELECT pinned.standard_id
    FROM payment JOIN calculation USING (set_id) JOIN calculation_standard AS pinned USING (calculation_id)
    WHERE payment.line_id = former_line
        AND pinned.category = of_category AND pinned.entitlement_period = of_period
    ORDER BY payment.attempt DESC, calculation.at DESC LIMIT 1
$$;

CREATE TABLE project_pricing (
    project text PRIMARY KEY,
    version text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('standard', 'pool_by_area')),
    scale int NOT NULL CHECK (scale BETWEEN 0 AND 8),
    voucher text NOT NULL CHECK (voucher IN ('internal', 'external'))
);

-- One pool per project, county and year. `price` is what the last calculation found; frozen at 部门审核.
CREATE TABLE pool (
    pool_id text PRIMARY KEY,
    project text NOT NULL,
    county text NOT NULL,
    year int NOT NULL,
    price numeric(18, 8) CHECK (price > 0),
    area numeric(24, 8) CHECK (area > 0),
    priced_set text,
    frozen_at timestamptz,
    UNIQUE (project, county, year),
    CHECK (num_nulls(price, area, priced_set) IN (0, 3)),
    CHECK (frozen_at IS NULL OR price IS NOT NULL)
);
CREATE TRIGGER pool_price_stands BEFORE UPDATE ON pool FOR EACH ROW
WHEN (OLD.frozen_at IS NOT NULL AND ROW (OLD.price, OLD.area, OLD.priced_set, OLD.frozen_at)
      IS DISTINCT FROM ROW (NEW.price, NEW.area, NEW.priced_set, NEW.frozen_at))
EXECUTE FUNCTION refuse_change('price and area are frozen');
CREATE TRIGGER pool_kept BEFORE DELETE ON pool FOR EACH ROW EXECUTE FUNCTION refuse_change('pools are history');

-- What came in and, carried over, went out again.
CREATE TABLE pool_document (
    pool_id text NOT NULL REFERENCES pool (pool_id),
    document_no text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('grant', 'carried_in', 'carried_out')),
    amount_fen bigint NOT NULL CHECK ((amount_fen < 0) = (kind = 'carried_out') AND amount_fen <> 0),
    actor text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (pool_id, document_no)
);
CREATE TRIGGER pool_document_kept BEFORE UPDATE OR DELETE ON pool_document FOR EACH ROW
EXECUTE FUNCTION refuse_change('documents are history');

-- Townships that must come although nothing of them has arrived yet.
CREATE TABLE pool_township (
    pool_id text NOT NULL REFERENCES pool (pool_id),
    township text NOT NULL,
    PRIMARY KEY (pool_id, township)
);

-- The declared area of a late township: it counts as if it stood, until it is used or released.
CREATE TABLE pool_reservation (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pool_id text NOT NULL REFERENCES pool (pool_id),
    township text NOT NULL,
    area numeric(24, 8) NOT NULL CHECK (area > 0),
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    released_by text,
    released_at timestamptz
);
CREATE UNIQUE INDEX pool_reservation_open ON pool_reservation (pool_id, township) WHERE released_at IS NULL;

-- What each line takes of the pool; one that left since gives it back. `late`: priced after the freezing.
CREATE TABLE pool_line (
    slice_id text NOT NULL,
    line_id text NOT NULL,
    pool_id text NOT NULL REFERENCES pool (pool_id),
    set_id text NOT NULL,
    township text NOT NULL,
    area numeric(17, 8) NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    late boolean NOT NULL,
    gone boolean NOT NULL DEFAULT false,
    PRIMARY KEY (slice_id, line_id)
);
CREATE INDEX pool_line_pool ON pool_line (pool_id);
CREATE INDEX pool_line_line ON pool_line (line_id);
