-- Where a platform ends all that a person has given with any one grant, what is owed lapses once there is a link again.

alter table owed_revocations
  -- Whose grant it is. Null: it was owed before this was kept, and is withdrawn whoever is linked.
  add column platform_user_id text;
create index connections_of_person on connections (platform, platform_user_id);
