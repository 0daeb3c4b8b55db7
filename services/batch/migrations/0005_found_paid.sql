-- 改判已付: a line that turned out to be paid while its 重发 already stood in an order keeps `replaced_by` until that
-- order has failed it. Rare by nature: the index has a handful of rows.

CREATE INDEX line_found_paid ON line (subject_id, project, entitlement_period)
    WHERE state = 'paid' AND replaced_by IS NOT NULL;
