-- A county's year: enrolments and carry-over, reissues, deductions, adjustments, overpayments, closed batches.

ALTER TABLE project
    ADD COLUMN opens_by text NOT NULL DEFAULT 'carry_over' CHECK (opens_by IN ('carry_over', 'roster')),
    ADD COLUMN signatures jsonb NOT NULL DEFAULT '["township_review"]',  -- what a slice's lines need before the county
    ADD COLUMN unit text NOT NULL DEFAULT '',
    ADD COLUMN households boolean NOT NULL DEFAULT false;

ALTER TABLE batch
    ADD COLUMN opens_by text NOT NULL DEFAULT 'carry_over' CHECK (opens_by IN ('carry_over', 'roster')),
    ADD COLUMN closed_by text,
    ADD COLUMN closed_at timestamptz;

-- A candidate belongs to whatever batch takes it ('') or to one: carried over, or a roster that renews.
ALTER TABLE candidate DROP CONSTRAINT candidate_pkey;
ALTER TABLE candidate DROP CONSTRAINT candidate_state_check;
ALTER TABLE candidate
    ADD COLUMN batch_id text NOT NULL DEFAULT '',
    ADD COLUMN payee_id text,
    ADD COLUMN quantity text NOT NULL DEFAULT '1',
    ADD COLUMN change text CHECK (change IN ('added', 'left', 'changed', 'same')),  -- null: from the 补贴清单
    ADD COLUMN reasons jsonb NOT NULL DEFAULT '[]',
    ADD PRIMARY KEY (application_id, batch_id),
    ADD CHECK (state IN ('open', 'submitted', 'refused', 'withdrawn', 'left')),
    ADD CHECK (state <> 'left' OR change = 'left');
CREATE INDEX candidate_by_batch ON candidate (batch_id, township) WHERE batch_id <> '';

ALTER TABLE roster_row ADD COLUMN quantity text NOT NULL DEFAULT '1', ADD COLUMN payee_id text;

ALTER TABLE slice DROP CONSTRAINT slice_kind_check;
ALTER TABLE slice
    ADD COLUMN signatures jsonb NOT NULL DEFAULT '["township_review"]',  -- as the project asked when it opened
    ADD CHECK (kind IN ('first', 'supplement', 'correction', 'adjustment', 'reissue'));

ALTER TABLE line DROP CONSTRAINT line_amount_fen_check;
ALTER TABLE line
    ADD COLUMN reissue_of text,
    ADD COLUMN case_id text,  -- of a deduction: the recovery it pays back
    ADD COLUMN replaced_by text,  -- the reissue that stands for it: it is no longer live
    ADD CHECK (kind IN ('normal', 'back_pay', 'deduction')),
    ADD CHECK (CASE WHEN kind = 'deduction' THEN amount_fen IS NOT NULL AND amount_fen < 0
                    ELSE amount_fen IS NULL OR amount_fen > 0 END);
-- R05 as before; a line replaced by its reissue frees its key like a void one.
DROP INDEX line_live;
CREATE UNIQUE INDEX line_live ON line (subject_id, project, entitlement_period, kind, installment)
    WHERE state <> 'void' AND replaced_by IS NULL;
CREATE INDEX line_by_batch ON line (batch_id, application_id);
CREATE INDEX line_by_case ON line (case_id, installment) WHERE case_id IS NOT NULL;
CREATE INDEX line_deducted ON line (slice_id, application_id) WHERE kind = 'deduction';

-- What `application` and `registry` state, as far as lines need it.
CREATE TABLE enrolment (
    enrolment_id text PRIMARY KEY,
    application_id text NOT NULL UNIQUE,
    rev int NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    village text NOT NULL,
    subject_id text NOT NULL,
    payee_id text NOT NULL,
    category text NOT NULL,
    quantity text NOT NULL,
    state text NOT NULL,
    valid_from text NOT NULL,
    valid_to text,
    reason text
);
CREATE INDEX enrolment_by_project ON enrolment (project, county);

CREATE TABLE payee (
    subject_id text NOT NULL,
    project text NOT NULL,  -- '' for every project
    rev int NOT NULL,
    payee_id text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    PRIMARY KEY (subject_id, project, rev)
);

CREATE TABLE household (
    household_id text NOT NULL,
    rev int NOT NULL,
    subject_id text NOT NULL,
    head_id text NOT NULL,
    effective_on date NOT NULL,
    PRIMARY KEY (household_id, rev)
);

-- Who is paid for whom on a day: what was approved for the project, else for all, else the household's head.
CREATE FUNCTION payees_on(of_project text, day date) RETURNS TABLE (subject_id text, payee_id text)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (found.subject_id) found.subject_id, found.payee_id FROM (
        SELECT p.subject_id, p.payee_id, CASE WHEN p.project = '' THEN 2 ELSE 1 END AS rank, p.rev
          FROM payee p WHERE p.project IN ('', of_project) AND p.valid_from <= day
           AND (p.valid_to IS NULL OR p.valid_to >= day)
        UNION ALL
        SELECT h.subject_id, h.head_id, 3, h.rev FROM household h WHERE h.effective_on <= day
    ) AS found ORDER BY found.subject_id, found.rank, found.rev DESC
$$;

-- Whether a period (YYYY or YYYYMM) is not after another: years and months compare by what they share.
CREATE FUNCTION not_after(one text, other text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT left(one, least(length(one), length(other))) <= left(other, least(length(one), length(other)))
$$;

-- 扣回 that `payment` ordered; waits while no line but a void one stands for it (line.case_id).
CREATE TABLE deduction (
    case_id text NOT NULL,
    installment int NOT NULL,
    application_id text NOT NULL,
    subject_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    entitlement_period text NOT NULL,
    from_period text NOT NULL,
    ordered_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, installment)
);
CREATE INDEX deduction_by_application ON deduction (application_id);

-- 补发: proposed by one, approved by another.
CREATE TABLE adjustment (
    adjustment_id text PRIMARY KEY,
    batch_id text NOT NULL REFERENCES batch,
    project text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    kind text NOT NULL CHECK (kind = 'back_pay'),
    application_ids jsonb NOT NULL,
    entitlement_periods jsonb NOT NULL,
    installment int NOT NULL CHECK (installment > 0),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text CHECK (decided_by <> proposed_by),
    decided_at timestamptz,
    opinion text
);
CREATE INDEX adjustment_by_batch ON adjustment (batch_id, state);

-- Not owed, found when the order was fixed or paid: stated once the money has left; never reissued.
CREATE TABLE overpayment (
    line_id text PRIMARY KEY REFERENCES line,
    reason text NOT NULL,
    found_at timestamptz NOT NULL,
    stated_at timestamptz
);

COMMENT ON TABLE roster_row IS 'rows: shared, because a rejected row may name no township; reached through its roster only';
