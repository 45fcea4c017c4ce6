-- Ends of rows in the feed are kept for a time and then dropped (server/catalogue/ends): a mark says how far the feed was
-- on a day, the counter `feed_forgotten` up to which revision ends are gone.

-- == catalogue, with its feed ========================================== written by: server/catalogue
CREATE TABLE feed_mark (at_ms $int PRIMARY KEY, rev $int NOT NULL) $strict;
CREATE INDEX feed_ended ON feed (rev) WHERE deleted = 1;
