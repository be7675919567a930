-- Whoever deletes assets, an account's end included: what is stored of them is owed to be removed.
-- Leave to send bytes straight to S3 cannot be taken back: what is sent once more is removed, too, when that leave is
-- over, and what was begun by it had as long again. (Assets from before this kept no note of it: an hour, the default.)

create function owe_removals() returns trigger language plpgsql as $$
begin
  insert into owed_removals (key, created_at)
  select 'assets/' || id || '/', now() from gone
  union all
  select object_key, coalesce(upload_expires_at + (upload_expires_at - created_at), now() + interval '2 hours')
  from gone where origin = 'upload'
  on conflict do nothing;
  return null;
end $$;

create trigger owe_removals after delete on assets
  referencing old table as gone for each statement execute function owe_removals();
