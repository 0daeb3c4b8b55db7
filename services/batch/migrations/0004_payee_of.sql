-- Who is paid for one beneficiary on a day, by index: a join with everybody's payees is only as good as the
-- planner's guess of how many there are, and a fresh county has no statistics.

CREATE INDEX household_by_subject ON household (subject_id);

CREATE FUNCTION payee_of(beneficiary text, of_project text, day date) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT p.payee_id FROM payee p
          WHERE p.subject_id = beneficiary AND p.project IN ('', of_project) AND p.valid_from <= day
            AND (p.valid_to IS NULL OR p.valid_to >= day)
          ORDER BY p.project = '', p.rev DESC LIMIT 1),
        (SELECT h.head_id FROM household h WHERE h.subject_id = beneficiary AND h.effective_on <= day
          ORDER BY h.rev DESC LIMIT 1))
$$;

DROP FUNCTION payees_on(text, date);
