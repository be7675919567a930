-- The passphrase of an SRT address, sealed; in the address `***` stands in its place. Addresses from before hold theirs
-- until they are changed.
alter table destinations add column passphrase text;
