-- A program that is only watched gives way when going live needs its room: since then it is not made.
alter table programs add column gave_way_at timestamptz;
-- When a studio was last not taken live by its source, for want of room.
alter table studios add column held_back_at timestamptz;
