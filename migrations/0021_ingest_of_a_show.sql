-- For which broadcast a destination's platform was last asked where to send to, so that the next one does not wait for
-- what went wrong in it.
alter table destinations add column ingest_asked_for public_id;
