-- The ledger guards itself: see 0002_ledger.sqlite.sql, which says the same in SQLite's words.

CREATE FUNCTION guard_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.sealed <> 0 THEN RAISE EXCEPTION 'an entry begins unsealed'; END IF;
        RETURN NEW;
    END IF;
    IF OLD.sealed <> 0 THEN RAISE EXCEPTION 'a sealed entry never changes: correct it with a new one'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NEW.sealed <> 0 THEN
        IF NEW.sealed <> 1 THEN RAISE EXCEPTION 'sealed is 0 or 1'; END IF;
        IF NOT EXISTS (SELECT 1 FROM posting WHERE entry_id = OLD.id) THEN
            RAISE EXCEPTION 'an entry needs postings';
        END IF;
        IF EXISTS (SELECT 1 FROM posting WHERE entry_id = OLD.id GROUP BY currency
                   HAVING SUM(debit_minor) <> SUM(credit_minor)) THEN
            RAISE EXCEPTION 'an entry balances: debit = credit';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entry_guard BEFORE INSERT OR UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION guard_entry();

-- The entry's row is held while a posting joins it, so that it cannot be sealed beside it.
CREATE FUNCTION guard_posting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE state BIGINT;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT sealed INTO state FROM entry WHERE id = OLD.entry_id FOR SHARE;
        IF state <> 0 THEN RAISE EXCEPTION 'a sealed entry never changes: correct it with a new one'; END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT sealed INTO state FROM entry WHERE id = NEW.entry_id FOR SHARE;
        IF state <> 0 THEN RAISE EXCEPTION 'a sealed entry takes no postings'; END IF;
        RETURN NEW;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER posting_guard BEFORE INSERT OR UPDATE OR DELETE ON posting
    FOR EACH ROW EXECUTE FUNCTION guard_posting();

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
