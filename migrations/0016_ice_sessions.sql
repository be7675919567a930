-- Which ICE session a WHIP or WHEP session has now (RFC 9725, 4.3.1), under the SHA-256 of the secret in its URL. Where
-- it is lost, and after a day, its client restarts ICE.
create unlogged table ice_sessions (
  secret_hash bytea primary key,
  etag text not null,
  begun_at timestamptz not null default now()
);
