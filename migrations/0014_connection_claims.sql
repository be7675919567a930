-- Sessions that a platform wants to be asked about every hour, and who asks where a broadcast is to be sent to.

alter table connections
  -- When its platform is to be asked next whether access is still good. Spread, those that are there already too.
  add column validate_due_at timestamptz not null default now() + (0.5 + random() / 2) * interval '1 hour';
create index connections_validation on connections (platform, validate_due_at) where status <> 'needs_relink';

alter table destinations
  -- Of whoever asks its platform now, good until ingest_due_at or until somebody else's. Null: nobody does.
  add column ingest_claim uuid;
