-- Receipts by mail: what a customer wished for at a till, and what became of it (ADR 24).

-- == mailing =========================================================== written by: server/mailing
CREATE TABLE mail (
    id $id, source_event TEXT NOT NULL UNIQUE, sale_event TEXT NOT NULL, till_receipt TEXT NOT NULL,
    store TEXT NOT NULL, till_id TEXT NOT NULL, address TEXT NOT NULL, address_key TEXT NOT NULL,
    masked TEXT NOT NULL,                                                         -- the address as lists show it
    language TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'stopped', 'unsure')),
    reason TEXT NOT NULL DEFAULT '', answer TEXT NOT NULL DEFAULT '',             -- why, and the mail server's own words
    copy $int NOT NULL DEFAULT 1,                                                 -- +1 when a sent one is sent again
    attempts $int NOT NULL DEFAULT 0,                                             -- in all, also before it was sent again
    tries $int NOT NULL DEFAULT 0, doubts $int NOT NULL DEFAULT 0,
    run_at_ms $int NOT NULL DEFAULT 0, claimed_by TEXT NOT NULL DEFAULT '', claimed_ms $int,
    created_ms $int NOT NULL, modified_ms $int NOT NULL, sent_ms $int,
    UNIQUE (sale_event, till_id, address_key)                                     -- once per receipt and address
) $strict;
CREATE INDEX mail_waiting ON mail (run_at_ms) WHERE state IN ('waiting', 'sending');
CREATE INDEX mail_by_state ON mail (state) WHERE state IN ('refused', 'stopped', 'unsure');
