-- Until when a key waits for its answer where that follows its transaction; null: it has it, or was held before this
-- was kept.
alter table idempotency_keys add column held_until timestamptz;
