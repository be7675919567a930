-- When work on an asset of an account was last begun, for each kind of place that does it: accounts take turns, so that
-- the thousand clips of one keep nobody else waiting.
create table asset_turns (
  account_id public_id not null references accounts on delete cascade,
  lane text not null,
  begun_at timestamptz not null,
  primary key (account_id, lane)
);
