-- Media agents ask every other second which studios are not at rest. However
-- many there are, few are: these hold just those.
create index studios_restless on studios (id) where state <> 'offline';
create index sources_restless on sources (studio_id) where status <> 'offline';
create index destinations_restless on destinations (studio_id) where status <> 'idle';
