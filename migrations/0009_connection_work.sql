-- What is to be done for linked accounts, and when next.

alter table connections
  -- When its token is to be renewed, or tried again; null: never by itself.
  add column refresh_due_at timestamptz,
  -- Attempts that failed since the last that did not.
  add column refresh_attempts int not null default 0;
drop index connections_expiry;
create index connections_refresh on connections (refresh_due_at) where status <> 'needs_relink';

-- A web session began it: then the browser that comes back has to be that user's.
alter table connection_authorizations add column by_session boolean not null default false;
create index connection_authorizations_expiry on connection_authorizations (expires_at);

-- Grants to withdraw at their platform; the connection is gone already.
create table owed_revocations (
  id bigint generated always as identity primary key,
  account_id public_id not null,
  connection_id public_id not null,
  platform text not null,
  secrets text not null, -- sealed as the connection's were
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index owed_revocations_due on owed_revocations (due_at);

alter table destinations
  -- Of the broadcast that its platform makes of it, where the platform has such a thing.
  add column privacy text not null default 'public' check (privacy in ('public', 'unlisted', 'private')),
  -- When its platform is to be asked next where to send to; until then somebody is asking, or waits. Null: now.
  add column ingest_due_at timestamptz,
  add column ingest_attempts int not null default 0;
create index destinations_ingest on destinations (ingest_broadcast_id) where ingest_broadcast_id is not null;
