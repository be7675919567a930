-- Recordings that are not in the media library yet, by the node that has them.
create index recordings_unlisted on recordings (node_id, id) where status = 'ready' and asset_id is null;
