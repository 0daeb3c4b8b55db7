-- Objections become one kind of case beside complaints (投诉) and messages (留言): one way, one table.

ALTER TABLE objection RENAME TO case_file;
ALTER TABLE case_file RENAME COLUMN objection_id TO case_id;
ALTER TABLE case_file
    DROP CONSTRAINT objection_state_check,
    DROP CONSTRAINT objection_check,
    DROP CONSTRAINT objection_check1,
    -- Only what names a line has one; only what names a project has one; 来访 may be nobody's.
    ALTER COLUMN notice_id DROP NOT NULL,
    ALTER COLUMN line_id DROP NOT NULL,
    ALTER COLUMN slice_id DROP NOT NULL,
    ALTER COLUMN project DROP NOT NULL,
    ALTER COLUMN township DROP NOT NULL,
    ALTER COLUMN complainant DROP NOT NULL,
    ADD COLUMN kind text NOT NULL DEFAULT 'objection' CHECK (kind IN ('complaint', 'objection', 'message')),
    ADD COLUMN about text CHECK (about IN ('service', 'person', 'project', 'line')),
    -- 1 小程序, 2 网站, 3 电话, 4 来信, 5 来访.
    ADD COLUMN channel int NOT NULL DEFAULT 1 CHECK (channel BETWEEN 1 AND 5),
    ADD COLUMN department text,
    -- Anonymous: nobody is shown who it was; their own token still finds it.
    ADD COLUMN anonymous boolean NOT NULL DEFAULT false,
    ADD COLUMN public boolean NOT NULL DEFAULT false,
    -- Who alone takes the steps, once somebody was assigned.
    ADD COLUMN handler text,
    ADD COLUMN escalates_on date,
    -- The id under which batch holds the line; another one after a reopening.
    ADD COLUMN hold_id text,
    ADD COLUMN replied_at timestamptz,
    ADD COLUMN replied_by text,
    ADD COLUMN reply_sealed bytea,
    ADD COLUMN rated_at timestamptz,
    ADD COLUMN satisfied boolean,
    ADD COLUMN rating_sealed bytea,
    ADD COLUMN reopened_at timestamptz,
    ADD COLUMN closed_at timestamptz,
    ADD CHECK (state IN ('registered', 'accepted', 'refused', 'surveyed', 'concluded', 'replied', 'closed')),
    ADD CHECK ((upheld IS NULL) = (concluded_at IS NULL)),
    ADD CHECK (announced_at IS NULL OR concluded_at IS NOT NULL),
    ADD CHECK (kind <> 'objection' OR (line_id IS NOT NULL AND slice_id IS NOT NULL)),
    ADD CHECK ((state = 'closed') = (closed_at IS NOT NULL));
UPDATE case_file SET hold_id = case_id WHERE accepted_at IS NOT NULL;
ALTER INDEX objection_county RENAME TO case_county;
ALTER INDEX objection_complainant RENAME TO case_complainant;
ALTER INDEX objection_line RENAME TO case_line;

-- Every step with who took it and the words of then: a reopened case keeps its first conclusion here.
CREATE TABLE case_step (
    case_id text NOT NULL REFERENCES case_file (case_id),
    seq int NOT NULL,
    step text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    words_sealed bytea,
    PRIMARY KEY (case_id, seq)
);

-- 回避: these officials neither see nor handle the case.
CREATE TABLE recusal (
    case_id text NOT NULL REFERENCES case_file (case_id),
    username text NOT NULL,
    why text NOT NULL CHECK (why IN ('respondent', 'related', 'declared')),
    at timestamptz NOT NULL,
    PRIMARY KEY (case_id, username)
);

-- At most ten per case; sealed, and without the metadata that says where a picture was taken.
CREATE TABLE image (
    image_id text PRIMARY KEY,
    case_id text NOT NULL REFERENCES case_file (case_id),
    of_complainant boolean NOT NULL,
    media_type text NOT NULL,
    digest text NOT NULL,
    sealed bytea NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    UNIQUE (case_id, digest)
);

-- What the year's first design called an objection; readers of evidence ask for it by this name.
CREATE VIEW objection WITH (security_invoker = true) AS
    SELECT case_id AS objection_id, notice_id, line_id, slice_id, project, county, township, state,
        registered_at, due_on, accepted_at, refused_at, surveyed_at, concluded_at, upheld, announced_at
    FROM case_file WHERE kind = 'objection';
