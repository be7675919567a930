-- A recording is deleted with its asset. Its row stays: its broadcast tells of it, and no other file takes its name.
-- `removed_at` is when its node had removed the file.
alter table recordings add column removed_at timestamptz,
  drop constraint recordings_status_check,
  add constraint recordings_status_check check (status in ('recording', 'ready', 'failed', 'deleted'));
create index recordings_to_remove on recordings (node_id) where status = 'deleted' and removed_at is null;

-- Who works on an asset that is deleted notices within its lease: what it stores until then is removed, too, also
-- where it is killed meanwhile.
create or replace function owe_removals() returns trigger language plpgsql as $$
begin
  insert into owed_removals (key, created_at)
  select 'assets/' || id || '/',
    case when status = 'processing' and lease_expires_at > now() and node_id is not null
      then now() + interval '1 minute' else now() end from gone
  union all
  select object_key, coalesce(upload_expires_at + (upload_expires_at - created_at), now() + interval '2 hours')
  from gone where origin = 'upload'
  on conflict do nothing;
  return null;
end $$;
