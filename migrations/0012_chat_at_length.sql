-- What a busy chat asks for with each message that is posted, and each sweep.

-- Whose chat a platform posts about.
create index connections_there on connections (platform, platform_user_id);
create index chat_webhook_deliveries_age on chat_webhook_deliveries (created_at);
create index chat_removals_age on chat_removals (created_at);
