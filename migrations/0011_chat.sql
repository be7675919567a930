-- Chat of all platforms as one.

-- Until when somebody looks at a studio's chat.
create table chat_watches (
  studio_id public_id primary key references studios on delete cascade,
  watched_until timestamptz not null
);
create index chat_watches_until on chat_watches (watched_until);
create index studios_on_air on studios (id) where state <> 'offline';

-- Which connections a studio's chat is made of.
create table chat_platforms (
  studio_id public_id not null references studios on delete cascade,
  connection_id public_id not null references connections on delete cascade,
  account_id public_id not null,
  primary key (studio_id, connection_id)
);
create index chat_platforms_connection on chat_platforms (connection_id);

-- Who reads a connection's chat, and how far. Whoever stores what was read holds
-- this row first: a reader that lost its lease stores nothing any more, and what
-- is stored and its cursor are one.
create table chat_readers (
  connection_id public_id primary key references connections on delete cascade,
  holder text,
  lease_until timestamptz,
  cursor text,
  status text not null default 'connecting' check (status in ('connecting', 'reading', 'waiting', 'failed')),
  last_error jsonb
);

create table chat_messages (
  id public_id primary key,
  account_id public_id not null,
  studio_id public_id not null references studios on delete cascade,
  direction text not null check (direction in ('in', 'out')),
  -- Null: sent from here, to those that chat_deliveries names.
  platform text,
  connection_id public_id,
  platform_message_id text,
  author_id text not null,
  author jsonb not null,
  text text not null,
  emotes jsonb not null default '[]',
  reply_to public_id,
  sent_at timestamptz not null,
  received_at timestamptz not null default now(),
  deleted boolean not null default false,
  event_id public_id not null
);
create index chat_messages_studio on chat_messages (studio_id, id);
create index chat_messages_platform on chat_messages (studio_id, platform, id);
create unique index chat_messages_once on chat_messages (connection_id, platform_message_id, studio_id)
  where connection_id is not null;
create index chat_messages_author on chat_messages (connection_id, author_id)
  where connection_id is not null and not deleted;

-- Messages that were taken back before they came.
create table chat_removals (
  connection_id public_id not null references connections on delete cascade,
  platform_message_id text not null,
  created_at timestamptz not null default now(),
  primary key (connection_id, platform_message_id)
);

-- What becomes of a message on each platform it is sent to.
create table chat_deliveries (
  message_id public_id not null references chat_messages on delete cascade,
  connection_id public_id not null,
  platform text not null,
  status text not null default 'pending' check (status in ('pending', 'sent', 'failed', 'refused')),
  error jsonb,
  -- A text that is too long for a platform goes in several.
  parts int not null default 1,
  parts_sent int not null default 0,
  attempts int not null default 0,
  not_before timestamptz,
  -- Who is sending it now, and when it counts as lost.
  sending_by text,
  sending_until timestamptz,
  created_at timestamptz not null default now(),
  primary key (message_id, connection_id)
);
create index chat_deliveries_pending on chat_deliveries (connection_id, message_id) where status = 'pending';

-- What was said to a platform, a row a part of a message: how its echo is known.
create table chat_parts (
  message_id public_id not null references chat_messages on delete cascade,
  connection_id public_id not null,
  part int not null,
  studio_id public_id not null,
  text text not null,
  platform_message_id text,
  echoed boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (message_id, connection_id, part)
);
create index chat_parts_recent on chat_parts (connection_id, created_at);
create index chat_parts_known on chat_parts (connection_id, platform_message_id) where platform_message_id is not null;

-- What a platform posted to us, so that it counts once however often it is posted.
create table chat_webhook_deliveries (
  platform text not null,
  delivery_id text not null,
  created_at timestamptz not null default now(),
  primary key (platform, delivery_id)
);

-- Whatever changes who is to be read, however it came about.
create function chat_readers_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('trax_chat', 'readers');
  return null;
end $$;
create trigger studios_chat after update of state on studios
  for each row when (old.state is distinct from new.state) execute function chat_readers_changed();
create trigger chat_platforms_changed after insert or delete on chat_platforms
  for each statement execute function chat_readers_changed();
create trigger connections_chat after delete or update of status on connections
  for each statement execute function chat_readers_changed();
