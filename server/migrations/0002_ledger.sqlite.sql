-- The ledger guards itself: an entry takes postings only while it is unsealed, is sealed only when it balances per
-- currency, and never changes after that. Beside it the few columns that the pipeline's own rooms need.
-- The PostgreSQL text of the same rules stands in 0002_ledger.postgres.sql.

CREATE TRIGGER entry_begins_unsealed BEFORE INSERT ON entry WHEN NEW.sealed <> 0
BEGIN SELECT RAISE(ABORT, 'an entry begins unsealed'); END;

CREATE TRIGGER entry_is_sealed_balanced BEFORE UPDATE OF sealed ON entry WHEN OLD.sealed = 0 AND NEW.sealed <> 0
BEGIN
    SELECT RAISE(ABORT, 'sealed is 0 or 1') WHERE NEW.sealed <> 1;
    SELECT RAISE(ABORT, 'an entry needs postings') WHERE NOT EXISTS (SELECT 1 FROM posting WHERE entry_id = OLD.id);
    SELECT RAISE(ABORT, 'an entry balances: debit = credit') WHERE EXISTS (
        SELECT 1 FROM posting WHERE entry_id = OLD.id GROUP BY currency HAVING SUM(debit_minor) <> SUM(credit_minor));
END;

CREATE TRIGGER entry_stays BEFORE UPDATE ON entry WHEN OLD.sealed <> 0
BEGIN SELECT RAISE(ABORT, 'a sealed entry never changes: correct it with a new one'); END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry WHEN OLD.sealed <> 0
BEGIN SELECT RAISE(ABORT, 'a sealed entry never changes: correct it with a new one'); END;

CREATE TRIGGER posting_joins_unsealed BEFORE INSERT ON posting
WHEN (SELECT sealed FROM entry WHERE id = NEW.entry_id) <> 0
BEGIN SELECT RAISE(ABORT, 'a sealed entry takes no postings'); END;
CREATE TRIGGER posting_stays BEFORE UPDATE ON posting
WHEN (SELECT sealed FROM entry WHERE id = OLD.entry_id) <> 0 OR (SELECT sealed FROM entry WHERE id = NEW.entry_id) <> 0
BEGIN SELECT RAISE(ABORT, 'a sealed entry never changes: correct it with a new one'); END;
CREATE TRIGGER posting_is_kept BEFORE DELETE ON posting
WHEN (SELECT sealed FROM entry WHERE id = OLD.entry_id) <> 0
BEGIN SELECT RAISE(ABORT, 'a sealed entry never changes: correct it with a new one'); END;

-- Which version of the order a payment was taken for: what is due to whom follows from the set of facts (protocol §5).
ALTER TABLE order_payment ADD COLUMN order_version $int NOT NULL DEFAULT 0;
-- The shop's own hour of a receipt, for the sales by hour.
ALTER TABLE receipt ADD COLUMN utc_offset_min $int NOT NULL DEFAULT 0;
-- What lies in each till's drawer: the sum of the journal headers' cash, kept by server/pipeline.
CREATE TABLE drawer (
    till_id TEXT NOT NULL, currency TEXT NOT NULL, cash_minor $int NOT NULL, PRIMARY KEY (till_id, currency)
) $strict;
CREATE INDEX stream_behind ON stream (till_id, epoch) WHERE applied_seq < high_seq;
CREATE INDEX job_by_receipt ON job (receipt) WHERE receipt <> '';
CREATE INDEX receipt_by_order ON receipt (order_id);
CREATE INDEX entry_by_receipt ON entry (receipt) WHERE receipt <> '';
CREATE INDEX worklist_open ON worklist (kind) WHERE done_ms IS NULL;
CREATE INDEX job_running ON job (queue) WHERE state = 'running';
-- The order list is read newest first; a batch of imported sales shares its instant, so the id belongs to the index.
DROP INDEX orders_by_created;
CREATE INDEX orders_by_created ON orders (created_ms, id);
