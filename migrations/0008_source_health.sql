-- What part of a source's packets was lost over the last seconds, 0 to 1; null where its protocol cannot tell.
alter table source_gauges add column packet_loss real;
