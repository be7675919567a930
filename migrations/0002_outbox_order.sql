-- Within a studio, events are seen in the order of seq and none appears later
-- below one already seen: the lock is taken before seq is drawn and held until
-- the transaction ends. The default has drawn a number by then; it is dropped.
create function events_in_order() returns trigger language plpgsql as $$
begin
  if new.studio_id is not null then
    perform pg_advisory_xact_lock(hashtextextended(new.studio_id, 5201));
  end if;
  new.seq := nextval(pg_get_serial_sequence('events', 'seq'));
  perform pg_notify('trax_events', coalesce(new.studio_id, ''));
  return new;
end $$;

create trigger events_in_order before insert on events for each row execute function events_in_order();

-- Whatever ends or narrows a credential is told to every node, however it came
-- about; the payload is the account.
create function credentials_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('trax_keys', old.account_id);
  return null;
end $$;

create trigger api_keys_changed
  after delete or update of revoked_at, expires_at, scopes, allowed_networks, rate_limit_requests, rate_limit_seconds
  on api_keys for each row execute function credentials_changed();
create trigger memberships_changed after delete or update on memberships for each row execute function credentials_changed();
create trigger web_sessions_changed after delete or update on web_sessions for each row execute function credentials_changed();
