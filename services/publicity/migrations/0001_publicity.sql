-- Notices, their rows, photos. Names stand in notice_row.masked and notice_row.posted alone (decisions §7).

CREATE TABLE project (
    project text PRIMARY KEY,
    version text NOT NULL,
    manifest jsonb NOT NULL
);

-- What LinesStated says about a slice: PublishSet names slices without their townships.
CREATE TABLE slice (
    slice_id text PRIMARY KEY,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    category text NOT NULL
);

-- One round of a set: answered once, when all its notices are confirmed or the county closes it.
CREATE TABLE set_round (
    command_id text PRIMARY KEY,
    set_id text NOT NULL,
    project text NOT NULL,
    county text NOT NULL,
    round int NOT NULL,
    closed_at timestamptz,
    closed_by text
);
CREATE UNIQUE INDEX set_round_open ON set_round (set_id) WHERE closed_at IS NULL;

CREATE TABLE notice (
    notice_id text PRIMARY KEY,
    -- The command to answer, with this id as cause.
    command_id text NOT NULL,
    set_id text,
    slice_id text NOT NULL REFERENCES slice (slice_id),
    revision int NOT NULL,
    project text NOT NULL,
    period text NOT NULL,
    county text NOT NULL,
    township text NOT NULL,
    round int NOT NULL,
    with_amounts boolean NOT NULL,
    state text NOT NULL
        CHECK (state IN ('to_generate', 'to_publish', 'published', 'ended', 'confirmed', 'closed')),
    title text NOT NULL,
    medium text NOT NULL DEFAULT 'offline' CHECK (medium IN ('offline', 'online')),
    place text,
    starts_on date,
    ends_on date CHECK (ends_on >= starts_on),
    -- Asked for and not yet done: the worker's queue.
    generating boolean NOT NULL DEFAULT false,
    lines int,
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    ended_at timestamptz,
    confirmed_at timestamptz,
    confirmed_by text,
    published_lines int,
    UNIQUE (command_id, slice_id),
    CHECK (state NOT IN ('published', 'ended', 'confirmed') OR (starts_on IS NOT NULL AND ends_on IS NOT NULL)),
    CHECK ((state = 'confirmed') = (confirmed_at IS NOT NULL AND confirmed_by IS NOT NULL))
);
CREATE INDEX notice_township ON notice (township, project, state);
CREATE INDEX notice_slice ON notice (slice_id);
CREATE INDEX notice_generating ON notice (created_at) WHERE generating;

CREATE TABLE notice_row (
    notice_id text NOT NULL REFERENCES notice (notice_id),
    seq int NOT NULL,
    line_id text NOT NULL,
    subject_id text NOT NULL,
    -- The line's rev in the published revision: an older hold no longer counts, a newer one does.
    rev int NOT NULL,
    village text NOT NULL,
    quantity text NOT NULL,
    amount_fen bigint,
    masked text,
    posted text,
    PRIMARY KEY (notice_id, seq),
    UNIQUE (notice_id, line_id)
);
CREATE INDEX notice_row_unnamed ON notice_row (notice_id, seq) WHERE masked IS NULL;

-- Lines that were held, freed or excluded after a revision was stated: withdrawn rows follow from it.
CREATE TABLE line_standing (
    slice_id text NOT NULL,
    line_id text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('held', 'released', 'excluded')),
    rev int NOT NULL,
    PRIMARY KEY (slice_id, line_id)
);

-- Evidence; sealed, because a photo of a posted sheet shows its names.
CREATE TABLE photo (
    photo_id text PRIMARY KEY,
    notice_id text NOT NULL REFERENCES notice (notice_id),
    moment text NOT NULL CHECK (moment IN ('start', 'end')),
    taken_on date NOT NULL,
    media_type text NOT NULL,
    digest text NOT NULL,
    sealed bytea NOT NULL,
    uploaded_at timestamptz NOT NULL,
    uploaded_by text NOT NULL,
    UNIQUE (notice_id, moment, digest)
);
