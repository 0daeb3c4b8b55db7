"""The statements behind `facts`: what is checked, who is listed where, and one row of facts per place."""

TABLES = """
CREATE TEMP TABLE checked (
    place int PRIMARY KEY, job_id text NOT NULL, line_id text, rev int, application_id text NOT NULL,
    subject_id text NOT NULL, payee_id text NOT NULL, project text NOT NULL, township text NOT NULL,
    category text NOT NULL, period text NOT NULL, kind text NOT NULL, installment int NOT NULL,
    quantity numeric NOT NULL, amount_fen bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE checked_person (
    subject_id text PRIMARY KEY, birth_date date NOT NULL, gender text NOT NULL, blind_index text NOT NULL,
    members int NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE checked_member (subject_id text NOT NULL, blind_index text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE checked_period (
    period text PRIMARY KEY, first date NOT NULL, last date NOT NULL, age_on date NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE checked_listed (
    place int NOT NULL, who text NOT NULL, blind_index text NOT NULL, kind text NOT NULL, source text NOT NULL,
    day date, detail text
) ON COMMIT DROP;
CREATE TEMP TABLE checked_other (
    place int NOT NULL, relation text NOT NULL, source text NOT NULL, row text NOT NULL
) ON COMMIT DROP
"""

LISTED = """
INSERT INTO checked_listed
SELECT about.place, about.who, row.blind_index, row.kind, file.source, row.day, row.detail
  FROM (SELECT c.place, c.township, c.period, p.blind_index, 'subject' AS who
          FROM checked AS c JOIN checked_person AS p USING (subject_id) WHERE p.members = 0
        UNION ALL
        SELECT c.place, c.township, c.period, m.blind_index, 'member'
          FROM checked AS c JOIN checked_member AS m USING (subject_id)
        UNION ALL
        SELECT c.place, c.township, c.period, p.blind_index, 'payee'
          FROM checked AS c JOIN checked_person AS p ON p.subject_id = c.payee_id) AS about
  JOIN checked_period AS s USING (period)
  JOIN reference_row AS row USING (blind_index)
  JOIN reference_file AS file USING (file_id)
 WHERE (about.who <> 'payee' OR row.kind = 'deaths')
   -- A county's list speaks for its own region, a province's for all under it.
   AND starts_with(about.township, file.region)
   AND (file.valid_to IS NULL OR file.valid_to >= s.first)
   AND (row.kind = 'deaths' OR row.day IS NULL OR row.day <= s.last)
"""
"""Who stands on which list that counts at the place's township and period; a household where any member does."""

OTHERS = """
INSERT INTO checked_other
WITH ruled AS (
    -- Of several rules for the same two subsidies the one of the nearest region counts, then the newest.
    SELECT DISTINCT ON (where_.township, where_.period, pair.project, pair.other, pair.from_age)
           where_.township, where_.period, where_.age_on, pair.*
      FROM (SELECT DISTINCT c.township, c.period, s.first, s.last, s.age_on
              FROM checked AS c JOIN checked_period AS s USING (period)) AS where_
      JOIN pair ON starts_with(where_.township, pair.region) AND pair.ended_at IS NULL
       AND pair.valid_from <= where_.last AND (pair.valid_to IS NULL OR pair.valid_to >= where_.first)
     ORDER BY where_.township, where_.period, pair.project, pair.other, pair.from_age,
              length(pair.region) DESC, pair.valid_from DESC
), both_ways AS (
    SELECT township, period, age_on, project, other, relation, from_age, pair_id FROM ruled
    UNION ALL
    SELECT township, period, age_on, other, project, relation, from_age, pair_id FROM ruled
), mine AS (
    SELECT c.place, c.application_id, c.subject_id, rule.other, rule.relation, rule.pair_id
      FROM checked AS c
      JOIN both_ways AS rule USING (township, period, project)
      JOIN checked_person AS p USING (subject_id)
     WHERE rule.relation <> 'both'
       AND (rule.from_age IS NULL OR extract(year FROM age(rule.age_on, p.birth_date)) >= rule.from_age)
)
SELECT DISTINCT mine.place, mine.relation, '申领台账 ' || other.project, mine.pair_id || '|' || other.application_id
  FROM mine
  JOIN claim AS own ON own.application_id = mine.application_id
  JOIN claim AS other ON other.subject_id = mine.subject_id AND other.project = mine.other
   AND other.live AND other.number < own.number
UNION
SELECT mine.place, mine.relation, listed.source, mine.pair_id || '|' || concat_ws('|', listed.source, listed.detail)
  FROM mine
  JOIN checked_listed AS listed ON listed.place = mine.place AND listed.who <> 'payee'
   AND listed.kind = 'other_subsidy' AND listed.detail = mine.other
"""
"""Other subsidies that a regional rule names beside the checked one: earlier live claims, and departments' lists."""

FACTS = """
WITH listed AS (
    SELECT place,
           min(day) FILTER (WHERE kind = 'deaths' AND who = 'subject') AS died_on,
           min(day) FILTER (WHERE kind = 'deaths' AND who = 'payee') AS payee_died_on,
           min(day) FILTER (WHERE kind = 'deaths' AND who = 'member') AS member_died_on,
           max(day) FILTER (WHERE kind = 'deaths' AND who = 'member') AS last_member_died_on,
           count(DISTINCT blind_index) FILTER (WHERE kind = 'deaths' AND who = 'member') AS members_dead,
           (array_agg(coalesce(detail, source) ORDER BY day, source)
                FILTER (WHERE kind = 'deaths' AND who <> 'payee'))[1] AS death_source,
           (array_agg(coalesce(detail, source) ORDER BY day, source)
                FILTER (WHERE kind = 'deaths' AND who = 'payee'))[1] AS payee_death_source,
           array_agg(detail) FILTER (WHERE kind = 'membership') AS memberships,
           min(source) FILTER (WHERE kind = 'membership') AS membership_source,
           min(source) FILTER (WHERE kind = 'exclusive_subsidy') AS listed_exclusive,
           array_agg(detail) FILTER (WHERE kind = 'household') AS households,
           min(source) FILTER (WHERE kind = 'household') AS household_source,
           min(source) FILTER (WHERE kind = 'prisoners') AS prisoner_source,
           min(source) FILTER (WHERE kind = 'fiscal_payroll') AS fiscal_payroll_source,
           min(source) FILTER (WHERE kind = 'companies') AS company_source,
           min(source) FILTER (WHERE kind = 'vehicles') AS vehicle_source,
           min(source) FILTER (WHERE kind = 'properties') AS property_source,
           min(source) FILTER (WHERE kind = 'village_cadres') AS village_cadre_source
      FROM checked_listed GROUP BY place
), died AS (
    -- A household is dead when all of its members are.
    SELECT c.place, CASE WHEN p.members = 0 THEN l.died_on
                         WHEN l.members_dead = p.members THEN l.last_member_died_on END AS died_on
      FROM checked AS c JOIN checked_person AS p USING (subject_id) JOIN listed AS l USING (place)
), others AS (
    SELECT place, min(source) FILTER (WHERE relation = 'exclusive') AS exclusive,
           min(source) FILTER (WHERE relation = 'higher') AS higher
      FROM checked_other GROUP BY place
), payees AS (
    SELECT payee_id, count(DISTINCT subject_id)::int AS subjects FROM checked GROUP BY payee_id
), surveyed AS (
    SELECT DISTINCT ON (c.place) c.place, survey.outcome
      FROM checked AS c JOIN checked_period AS s USING (period)
      JOIN survey USING (subject_id, project)
     WHERE survey.surveyed_on >= s.first - make_interval(months => $3)
     ORDER BY c.place, survey.surveyed_on DESC, survey.number DESC
), lifted AS (
    SELECT subject_id, project, array_agg(concat_ws(' ', rule, fingerprint, nullif(line_id, ''))) AS lifted
      FROM override WHERE subject_id IN (SELECT subject_id FROM checked) GROUP BY 1, 2
)
SELECT c.place, c.job_id, c.line_id, c.rev, c.application_id, c.subject_id, c.township, c.period, c.kind,
       c.category, p.subject_id IS NOT NULL AS person_known, s.period IS NOT NULL AS period_known,
       extract(year FROM age(s.age_on, p.birth_date))::int AS age, p.gender,
       CASE WHEN d.died_on IS NULL THEN 'none' WHEN d.died_on < s.first THEN 'before'
            WHEN d.died_on <= s.last THEN 'within' ELSE 'after' END AS death,
       CASE WHEN l.member_died_on IS NULL THEN 'none' WHEN l.member_died_on < s.first THEN 'before'
            WHEN l.member_died_on <= s.last THEN 'within' ELSE 'after' END AS member_death,
       coalesce(p.members, 0) AS members,
       CASE WHEN l.payee_died_on IS NULL THEN 'none' WHEN l.payee_died_on < s.first THEN 'before'
            WHEN l.payee_died_on <= s.last THEN 'within' ELSE 'after' END AS payee_death,
       EXISTS (SELECT FROM claim AS mine JOIN claim AS other USING (subject_id, project)
                WHERE mine.application_id = c.application_id AND other.live AND other.number < mine.number)
         OR EXISTS (SELECT FROM line_claim AS mine JOIN line_claim AS other
                     USING (subject_id, project, entitlement_period, kind, installment)
                     WHERE mine.line_id = c.line_id AND other.live AND other.number < mine.number)
           AS duplicate,
       l.listed_exclusive IS NOT NULL OR o.exclusive IS NOT NULL AS exclusive_subsidy,
       o.higher IS NOT NULL AS higher_subsidy,
       CASE WHEN c.category = ANY(l.memberships) OR $4::jsonb ->> c.category = ANY(l.memberships) THEN 'claimed'
            WHEN l.memberships IS NOT NULL THEN 'other'
            WHEN EXISTS (SELECT FROM reference_file AS file WHERE file.kind = 'membership'
                            AND file.replaced_at IS NULL AND starts_with(c.township, file.region))
            THEN 'none' ELSE 'unknown' END AS membership,
       CASE WHEN l.households IS NULL THEN 'unknown'
            WHEN EXISTS (SELECT FROM unnest(l.households) AS registered
                          WHERE starts_with(registered, left(c.township, $1))) THEN 'inside'
            ELSE 'outside' END AS household,
       l.fiscal_payroll_source IS NOT NULL AS fiscal_payroll, l.prisoner_source IS NOT NULL AS prisoner,
       l.company_source IS NOT NULL AS company, l.vehicle_source IS NOT NULL AS vehicle,
       l.property_source IS NOT NULL AS property, l.village_cadre_source IS NOT NULL AS village_cadre,
       EXISTS (SELECT FROM stop_entry AS stop
                WHERE stop.state IN ('active', 'ending') AND starts_with(c.township, stop.region)
                  AND (stop.subject_id = c.subject_id OR stop.blind_index = p.blind_index)
                  AND (stop.project IS NULL OR stop.project = c.project)
                  AND (($2::date >= stop.valid_from AND (stop.valid_to IS NULL OR $2::date <= stop.valid_to))
                       OR (stop.valid_from <= s.last AND (stop.valid_to IS NULL OR stop.valid_to >= s.first))))
           AS stop_list,
       payees.subjects AS shared_payee, coalesce(surveyed.outcome, 'none') AS survey,
       c.quantity, c.amount_fen, CASE WHEN c.quantity > 0 THEN ceil(c.amount_fen / c.quantity)::bigint ELSE 0 END
           AS unit_fen,
       d.died_on, l.member_died_on, l.payee_died_on, l.death_source, l.death_source AS member_death_source,
       l.payee_death_source,
       coalesce(l.listed_exclusive, o.exclusive) AS exclusive_subsidy_source, o.higher AS higher_subsidy_source,
       l.membership_source, l.household_source, l.fiscal_payroll_source, l.prisoner_source, l.company_source,
       l.vehicle_source, l.property_source, l.village_cadre_source, lifted.lifted
  FROM checked AS c
  LEFT JOIN checked_person AS p USING (subject_id)
  LEFT JOIN checked_period AS s USING (period)
  LEFT JOIN listed AS l USING (place)
  LEFT JOIN died AS d USING (place)
  LEFT JOIN others AS o USING (place)
  LEFT JOIN payees USING (payee_id)
  LEFT JOIN surveyed USING (place)
  LEFT JOIN lifted ON lifted.subject_id = c.subject_id AND lifted.project = c.project
 ORDER BY c.place
"""
"""$1 digits of the region for the household registration, $2 today, $3 how many months a survey counts."""

EVIDENCE = """
SELECT place, fact, string_agg(row, E'\\n' ORDER BY row) AS rows FROM (
    SELECT place, CASE WHEN kind <> 'deaths' OR who = 'subject' THEN kind ELSE who || '_deaths' END AS fact,
           concat_ws('|', source, day, detail) AS row
      FROM checked_listed WHERE place = ANY($1)
    UNION
    SELECT place, relation, row FROM checked_other WHERE place = ANY($1)
    UNION
    SELECT c.place, 'duplicate', other.application_id
      FROM checked AS c JOIN claim AS mine USING (application_id)
      JOIN claim AS other ON other.subject_id = mine.subject_id AND other.project = mine.project
     WHERE c.place = ANY($1) AND other.live AND other.number < mine.number
    UNION
    SELECT c.place, 'duplicate', other.line_id
      FROM line_claim AS mine
      JOIN line_claim AS other USING (subject_id, project, entitlement_period, kind, installment)
      JOIN checked AS c ON c.line_id = mine.line_id
     WHERE c.place = ANY($1) AND other.live AND other.number < mine.number
) AS found(place, fact, row) GROUP BY place, fact
"""
"""The rows behind the facts of some places."""
