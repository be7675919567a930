-- Ids are the public ones (prefix + Crockford base32 over a UUIDv7): compared
-- byte by byte they sort by age, so the primary key is the keyset.

create domain public_id as text collate "C";

create table accounts (
  id public_id primary key,
  name text not null,
  created_at timestamptz not null default now()
);

create table users (
  id public_id primary key,
  email text not null,
  password_hash text,
  name text not null,
  created_at timestamptz not null default now()
);
create unique index users_email on users (lower(email));

create table memberships (
  account_id public_id not null references accounts on delete cascade,
  user_id public_id not null references users on delete cascade,
  role text not null check (role in ('owner', 'producer', 'viewer')),
  primary key (account_id, user_id)
);

create table web_sessions (
  token_hash bytea primary key,
  user_id public_id not null references users on delete cascade,
  account_id public_id not null references accounts on delete cascade,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
create index web_sessions_expiry on web_sessions (expires_at);

-- scopes are what the key was given; what it may do is their intersection with
-- what its owner's role holds now.
create table api_keys (
  id public_id primary key,
  account_id public_id not null references accounts on delete cascade,
  user_id public_id not null references users on delete cascade,
  name text not null,
  secret_hash bytea not null unique,
  prefix text not null,
  last_four text not null,
  scopes text[] not null,
  allowed_networks text[] not null default '{}',
  rate_limit_requests int,
  rate_limit_seconds int,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  rotated_from public_id,
  created_at timestamptz not null default now()
);
create index api_keys_account on api_keys (account_id, id);

create table studios (
  id public_id primary key,
  account_id public_id not null references accounts on delete cascade,
  name text not null,
  auto_go_live boolean not null default false,
  grace_ms int not null default 30000,
  program_mode text not null default 'passthrough' check (program_mode in ('composed', 'passthrough')),
  program_source_id public_id,
  width int not null default 1280,
  height int not null default 720,
  frame_rate int not null default 30,
  video_bitrate int not null default 4500000,
  audio_bitrate int not null default 160000,
  slate jsonb not null default '{}',
  recording_enabled boolean not null default false,
  -- observed by the media agent
  state text not null default 'offline' check (state in ('offline', 'starting', 'live', 'stopping')),
  -- autoGoLive fires once, then not before every source has been offline again
  auto_armed boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index studios_account on studios (account_id, id);

create table sources (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  name text not null,
  kind text not null default 'ingest' check (kind in ('ingest', 'media', 'pull')),
  on_conflict text not null default 'refuse' check (on_conflict in ('refuse', 'replace')),
  -- observed by the media agent
  status text not null default 'offline' check (status in ('offline', 'online', 'error')),
  protocol text,
  video jsonb,
  audio jsonb,
  node_id text,
  online_at timestamptz,
  offline_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sources_studio on sources (studio_id, id);
create index sources_account on sources (account_id, id);

create table media_sessions (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  source_id public_id references sources on delete cascade,
  role text not null check (role in ('publish', 'play')),
  token_hash bytea not null unique,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
create index media_sessions_studio on media_sessions (studio_id, id);
create index media_sessions_expiry on media_sessions (expires_at);

-- Which router connections a session has authorised, so that revoking it can end them.
create table media_session_connections (
  connection_id text not null,
  protocol text not null,
  session_id public_id not null,
  node_id text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (node_id, protocol, connection_id)
);

create table destinations (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  name text not null,
  platform text not null default 'custom',
  url text not null,
  stream_key text, -- sealed
  connection_id public_id,
  enabled boolean not null default true,
  -- grows whenever what is connected to changes
  revision int not null default 1,
  -- observed by the media agent
  status text not null default 'idle' check (status in ('idle', 'connecting', 'live', 'reconnecting', 'failed')),
  last_error jsonb,
  connected_at timestamptz,
  reconnects int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index destinations_studio on destinations (studio_id, id);
create index destinations_account on destinations (account_id, id);

-- A broadcast is one time on air. `desired` is what was asked for; ended_at is
-- written by the media agent once nothing is sent any more.
create table broadcasts (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  desired text not null default 'live' check (desired in ('live', 'ended')),
  started_by text not null check (started_by in ('request', 'source')),
  end_reason text,
  requested_at timestamptz not null default now(),
  started_at timestamptz, -- the program runs and is taken
  had_source boolean not null default false,
  ended_at timestamptz,
  traceparent text,
  node_id text,
  lease_expires_at timestamptz
);
create unique index broadcasts_one_desired on broadcasts (studio_id) where desired = 'live';
create index broadcasts_open on broadcasts (studio_id) where ended_at is null;
create index broadcasts_studio on broadcasts (studio_id, id);

-- What became of each destination in a broadcast; final once the broadcast has ended.
create table broadcast_destinations (
  broadcast_id public_id not null references broadcasts on delete cascade,
  destination_id public_id not null,
  status text not null,
  connected_at timestamptz,
  sent_bytes bigint not null default 0,
  dropped_frames bigint not null default 0,
  reconnects int not null default 0,
  last_error jsonb,
  primary key (broadcast_id, destination_id)
);

-- The outbox: a row is written in the transaction that changes what it tells of.
create table events (
  seq bigint generated always as identity primary key,
  id public_id not null unique,
  account_id public_id not null,
  studio_id public_id,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null default now(),
  xid xid8 not null default pg_current_xact_id()
);
create index events_studio on events (studio_id, seq);

create table media_nodes (
  id text primary key,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null
);

-- Gauges are cheap and may be lost: one batched write a node a second, no WAL.
create unlogged table source_gauges (
  source_id public_id primary key,
  bitrate bigint not null,
  last_frame_at timestamptz,
  updated_at timestamptz not null
);
create unlogged table destination_gauges (
  destination_id public_id primary key,
  broadcast_id public_id not null,
  bitrate bigint not null,
  sent_bytes bigint not null,
  dropped_frames bigint not null,
  updated_at timestamptz not null
);

create table idempotency_keys (
  account_id public_id not null references accounts on delete cascade,
  credential_id text not null,
  key text not null,
  request_hash bytea not null,
  status int not null,
  body text, -- sealed: an answer may show a secret once
  created_at timestamptz not null default now(),
  primary key (account_id, credential_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
