-- Further CloudEvents attributes of a record (subject, replayid …): what is told to other agencies carries them.
ALTER TABLE outbox ADD COLUMN attributes jsonb;
