-- The worker that follows mandates looks at those alone who have one, or are paid through somebody else.
CREATE INDEX enrolment_elsewhere ON enrolment (enrolment_id) WHERE payee_id <> own_payee_id;
