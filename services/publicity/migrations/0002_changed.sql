-- Terms pinned by version, notices of new and changed lines alone, quantities with their unit.

CREATE TABLE project_version (
    project text NOT NULL,
    version text NOT NULL,
    manifest jsonb NOT NULL,
    PRIMARY KEY (project, version)
);
INSERT INTO project_version SELECT project, version, manifest FROM project;
-- Commands that name a version wait until it is known: those deployed before this migration are.
INSERT INTO stream_complete SELECT 'project:' || version, 1 FROM project ON CONFLICT DO NOTHING;

ALTER TABLE notice
    -- Null: the newest version, for commands that name none.
    ADD COLUMN project_version text,
    -- Lines left out: 'all' none; 'changed' those that a confirmed notice of the round showed in the same words.
    ADD COLUMN scope text NOT NULL DEFAULT 'all' CHECK (scope IN ('all', 'changed')),
    -- The manifest's scope: also leave out applications whose last confirmed notice said the same.
    ADD COLUMN across_periods boolean NOT NULL DEFAULT false;

ALTER TABLE notice_row
    ADD COLUMN application_id text,
    ADD COLUMN kind text NOT NULL DEFAULT 'normal';
CREATE INDEX notice_row_line ON notice_row (line_id);
CREATE INDEX notice_row_application ON notice_row (application_id);
CREATE INDEX notice_ending ON notice (ends_on) WHERE state IN ('published', 'ended');
