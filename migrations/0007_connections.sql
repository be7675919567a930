-- Accounts on platforms: linked once, used by destinations and chat.

create table connections (
  id public_id primary key,
  account_id public_id not null references accounts on delete cascade,
  platform text not null, -- the folder of its adapter
  account_name text not null,
  platform_user_id text not null,
  scopes text[] not null default '{}',
  status text not null default 'ok' check (status in ('ok', 'needs_relink', 'error')),
  status_reason text, -- in words, where it is not ok
  settings jsonb not null default '{}', -- what is no secret: server, channel, instance
  secrets text not null, -- sealed JSON: tokens, passwords
  -- Grows with each write of secrets, so that of two who refresh one wins.
  secrets_version int not null default 1,
  token_expires_at timestamptz,
  -- Who is refreshing it now.
  refresh_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index connections_account on connections (account_id, id);
create index connections_expiry on connections (token_expires_at) where status = 'ok';
-- Linking what is linked renews it. Two links of one account on a platform would read its chat twice.
create unique index connections_once on connections (account_id, platform, platform_user_id);

-- An authorization that was begun in a browser: single use, of the user who began it.
create table connection_authorizations (
  state_hash bytea primary key,
  account_id public_id not null references accounts on delete cascade,
  user_id public_id not null,
  platform text not null,
  verifier text not null, -- sealed, PKCE
  redirect_uri text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);

-- What a platform's quota was used for, by the platform's own day.
create table platform_quota (
  platform text not null,
  day date not null,
  units int not null default 0,
  primary key (platform, day)
);

-- The broadcast for which a destination's address and key were asked of its platform.
alter table destinations add column ingest_broadcast_id public_id;
create index destinations_connection on destinations (connection_id) where connection_id is not null;
