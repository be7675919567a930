-- A chat that is cleared may be long: it is taken back piece by piece, newest first.

-- What is still to be taken back; whoever does a piece holds the row.
create table chat_clearings (
  id bigint generated always as identity primary key,
  connection_id public_id not null,
  platform text not null,
  -- Null: whoever wrote it.
  author_id text,
  -- What is left has lower ids,
  below public_id not null,
  -- and what was told of later than this was said after it.
  up_to_seq bigint not null
);

create index chat_messages_shown on chat_messages (connection_id, id)
  where connection_id is not null and not deleted;
