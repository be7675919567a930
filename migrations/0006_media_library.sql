-- The media library: what an account has uploaded or recorded, and the files made of it.

alter table accounts add column media_quota_bytes bigint; -- null: the operator's

create table assets (
  id public_id primary key,
  account_id public_id not null references accounts on delete cascade,
  name text not null,
  kind text not null check (kind in ('video', 'audio', 'image')),
  origin text not null default 'upload' check (origin in ('upload', 'recording')),
  broadcast_id public_id, -- of a recording
  recording_id public_id,
  content_type text not null,
  size_bytes bigint not null,
  sha256 text, -- hex: as the client told it, then as it was found
  status text not null default 'awaiting_upload'
    check (status in ('awaiting_upload', 'processing', 'ready', 'failed')),
  progress int not null default 0,
  failure_reason text,
  duration_ms bigint,
  width int,
  height int,
  -- Keys in the object store, all below `assets/<id>/`; null while there is none.
  object_key text not null,
  rendition_key text, -- what a program plays
  thumbnail_key text,
  waveform_key text,
  upload_id text, -- the store's name of an upload in parts
  upload_expires_at timestamptz,
  -- Who is processing it, and how often that was begun.
  node_id text,
  lease_expires_at timestamptz,
  attempts int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index assets_account on assets (account_id, id);
create index assets_processing on assets (id) where status = 'processing';
create index assets_uploads on assets (upload_expires_at) where status = 'awaiting_upload';
create unique index assets_recording on assets (recording_id) where recording_id is not null;

alter table recordings add column asset_id public_id;

-- Keys (or beginnings of keys, ending in a slash) that are to be removed from the object store: written in the
-- transaction that forgets them.
create table owed_removals (
  key text primary key,
  created_at timestamptz not null default now()
);
