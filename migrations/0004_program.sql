-- The program of a studio: scenes, what of them is on air, and what was made of it.

alter table studios alter column program_mode set default 'composed';
-- Sources to show, in this order, when what a scene shows is gone, before the slate is.
alter table studios add column fallback_source_ids text[] not null default '{}';

alter table sources
  add column url text, -- sealed: it may hold a password; of a playlist one a line
  add column asset_id public_id,
  add column loop boolean not null default true,
  -- How long a source may be silent before it counts as gone.
  add column silence_ms int not null default 1000,
  -- Grows whenever what is pulled changes.
  add column revision int not null default 1,
  -- Why it could not be shown when that was last tried: code, message, at.
  add column last_error jsonb;

alter table destinations add column delay_ms int not null default 0;
alter table destination_gauges
  add column round_trip_ms int,
  add column last_taken_at timestamptz,
  add column dropped_at timestamptz; -- when frames were last dropped
-- What it usually is: quick to grow, slow to shrink.
alter table source_gauges add column usual_bitrate bigint;

-- What a play session shows: one source, the program, or the preview.
alter table media_sessions add column view text check (view in ('source', 'program', 'preview'));

create table scenes (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  name text not null,
  content jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index scenes_studio on scenes (studio_id, id);

-- One a studio, made by the first write to it.
create table programs (
  studio_id public_id primary key references studios on delete cascade,
  account_id public_id not null,
  scene_id public_id references scenes on delete set null, -- null: the automatic scene
  preview_scene_id public_id references scenes on delete set null,
  overlays jsonb not null default '[]',
  -- Grows with each take; how that take is to look.
  take bigint not null default 0,
  transition text not null default 'cut' check (transition in ('cut', 'fade')),
  transition_ms int not null default 0,
  -- Watched without being on air, until then.
  watched_until timestamptz,
  preview_watched_until timestamptz,
  meters_until timestamptz,
  -- observed by the media agent
  shown_take bigint,
  shown_at timestamptz,
  on_slate boolean not null default false,
  updated_at timestamptz not null default now()
);
create index programs_watched on programs (studio_id)
  where watched_until is not null or preview_watched_until is not null;

create table recordings (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  broadcast_id public_id not null references broadcasts on delete cascade,
  status text not null default 'recording' check (status in ('recording', 'ready', 'failed')),
  node_id text,
  -- Below the data directory of that node.
  path text not null,
  duration_ms bigint,
  size_bytes bigint,
  failure_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index recordings_broadcast on recordings (broadcast_id, id);

-- Cheap, and may be lost.
create unlogged table program_gauges (
  studio_id public_id primary key,
  frame_rate real not null, -- frames made a second, over the last seconds
  behind_ms int not null, -- how far the encoder is behind real time
  skipped_frames bigint not null,
  skipped_at timestamptz, -- when frames were last skipped
  bitrate bigint not null, -- bit/s that are sent to its destinations
  preset text not null,
  cores real not null, -- processor cores in use
  drift_ms int not null, -- the worst of its sources: sound against picture
  updated_at timestamptz not null
);
create unlogged table snapshots (
  -- `program:std_…` or `source:src_…`
  of text primary key,
  studio_id public_id not null,
  jpeg bytea not null,
  taken_at timestamptz not null
);

-- Programs a node can carry, in processor cores: what it has, and what one costs it.
alter table media_nodes
  add column cores real,
  add column cores_per_megapixel real, -- for a million pixels a second
  add column busy real; -- of all its cores, 0 to 1
