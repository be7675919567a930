-- When a destination last took anything, of a broadcast that has ended: its gauge goes on to the next one.
alter table broadcast_destinations add column last_taken_at timestamptz;
update broadcast_destinations bd set last_taken_at = g.last_taken_at
from destination_gauges g
where g.destination_id = bd.destination_id and g.broadcast_id = bd.broadcast_id;
