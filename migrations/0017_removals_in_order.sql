-- What is owed is taken oldest first, a hundred at a time; an account that is deleted may owe a million.
create index owed_removals_due on owed_removals (created_at, key);
