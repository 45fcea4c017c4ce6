-- What the full range of selling leaves at head office: facts beside each other, never a figure that cannot be counted
-- again from them. A table named *_move, *_delivery, *_prepayment, *_return or *_void holds facts, one per line or
-- payment of an event; what stands in the table beside it is their sum.

-- == orders ============================================================ written by: server/orders
ALTER TABLE orders ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN fields TEXT NOT NULL DEFAULT '{}';                 -- JSON: what the shop asks beside it
CREATE TABLE order_delivery (                                                    -- line 0: the order as a whole
    source_event TEXT NOT NULL, effect_no $int NOT NULL, order_id TEXT NOT NULL REFERENCES orders (id),
    line $int NOT NULL, quantity TEXT NOT NULL, order_version $int NOT NULL, PRIMARY KEY (source_event, effect_no)
) $strict;
CREATE INDEX order_delivery_by_order ON order_delivery (order_id);
CREATE TABLE order_prepayment (                                                  -- negative: counted back, or voided
    source_event TEXT NOT NULL, effect_no $int NOT NULL, order_id TEXT NOT NULL REFERENCES orders (id),
    receipt TEXT NOT NULL, day TEXT NOT NULL, tax_code TEXT NOT NULL, tax_percent TEXT NOT NULL,
    net_minor $int NOT NULL, tax_minor $int NOT NULL, gross_minor $int NOT NULL, PRIMARY KEY (source_event, effect_no)
) $strict;
CREATE INDEX order_prepayment_by_order ON order_prepayment (order_id);
-- Until now each payment of an order was the pickup of the whole of it.
INSERT INTO order_delivery (source_event, effect_no, order_id, line, quantity, order_version)
SELECT p.source_event, 0, p.order_id, 0, '1', MAX(p.order_version) FROM order_payment p
JOIN orders o ON o.id = p.order_id WHERE o.origin <> 'till' AND p.till_id IS NOT NULL
GROUP BY p.source_event, p.order_id;

-- == invoicing ========================================================= written by: server/invoicing
ALTER TABLE receipt ADD COLUMN kind TEXT NOT NULL DEFAULT 'sale';                -- sale, return, void, prepayment
ALTER TABLE receipt ADD COLUMN original TEXT NOT NULL DEFAULT '';                -- till receipts that it takes back
ALTER TABLE receipt ADD COLUMN sold_minor $int NOT NULL DEFAULT 0;               -- goods and bottle deposits
ALTER TABLE receipt ADD COLUMN payment_ms $int NOT NULL DEFAULT 0;               -- the latest payment so far
UPDATE receipt SET kind = 'return' WHERE total_minor < 0;
UPDATE receipt SET sold_minor = total_minor;
UPDATE receipt SET payment_ms = paid_ms WHERE paid_ms IS NOT NULL;
ALTER TABLE receipt_line ADD COLUMN kind TEXT NOT NULL DEFAULT 'goods';
ALTER TABLE receipt_line ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE receipt_line ADD COLUMN returns_receipt TEXT NOT NULL DEFAULT '';
ALTER TABLE receipt_line ADD COLUMN returns_line $int NOT NULL DEFAULT 0;
ALTER TABLE receipt_line ADD COLUMN return_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE receipt_line ADD COLUMN return_condition TEXT NOT NULL DEFAULT '';
CREATE TABLE goods_return (                                                      -- receipt, line: what was sold
    source_event TEXT NOT NULL, effect_no $int NOT NULL, receipt TEXT NOT NULL, line $int NOT NULL,
    quantity TEXT NOT NULL, PRIMARY KEY (source_event, effect_no)
) $strict;
CREATE INDEX goods_return_by_receipt ON goods_return (receipt);
CREATE TABLE receipt_void (source_event TEXT PRIMARY KEY, receipt TEXT NOT NULL) $strict;
CREATE INDEX receipt_void_by_receipt ON receipt_void (receipt);

-- == vouchers ========================================================== written by: server/vouchers
CREATE TABLE voucher (
    code TEXT PRIMARY KEY, currency TEXT NOT NULL, balance_minor $int NOT NULL DEFAULT 0,
    issued_minor $int NOT NULL DEFAULT 0, valid_to TEXT NOT NULL DEFAULT '', blocked $int NOT NULL DEFAULT 0,
    modified_ms $int NOT NULL
) $strict;
CREATE TABLE voucher_move (                                                      -- positive: the voucher holds more
    source_event TEXT NOT NULL, effect_no $int NOT NULL, code TEXT NOT NULL REFERENCES voucher (code),
    kind TEXT NOT NULL CHECK (kind IN ('issue', 'redeem')), amount_minor $int NOT NULL, currency TEXT NOT NULL,
    receipt TEXT NOT NULL, store TEXT NOT NULL, till_id TEXT NOT NULL, day TEXT NOT NULL, at_ms $int NOT NULL,
    offline $int NOT NULL DEFAULT 0, PRIMARY KEY (source_event, effect_no)
) $strict;
CREATE INDEX voucher_move_by_code ON voucher_move (code, at_ms);

-- == parties =========================================================== written by: server/parties
CREATE TABLE payment_order (                                                     -- what was sold on account
    reference TEXT PRIMARY KEY,                                                  -- the till's receipt number
    customer TEXT NOT NULL, store TEXT NOT NULL, currency TEXT NOT NULL, day TEXT NOT NULL, due_day TEXT NOT NULL,
    amount_minor $int NOT NULL DEFAULT 0, open_minor $int NOT NULL DEFAULT 0, modified_ms $int NOT NULL
) $strict;
CREATE INDEX payment_order_by_customer ON payment_order (customer, day);
CREATE INDEX payment_order_open ON payment_order (customer) WHERE open_minor <> 0;
CREATE TABLE payment_order_move (                                                -- positive: the customer owes more
    source_event TEXT NOT NULL, effect_no $int NOT NULL, reference TEXT NOT NULL REFERENCES payment_order (reference),
    kind TEXT NOT NULL CHECK (kind IN ('sale', 'payment', 'credit')), customer TEXT NOT NULL, store TEXT NOT NULL,
    currency TEXT NOT NULL, amount_minor $int NOT NULL, receipt TEXT NOT NULL, day TEXT NOT NULL, at_ms $int NOT NULL,
    PRIMARY KEY (source_event, effect_no)
) $strict;
CREATE INDEX payment_order_move_by_reference ON payment_order_move (reference);
CREATE TABLE customer_added (                                                    -- customers who came from a till
    source_event TEXT PRIMARY KEY, number TEXT NOT NULL, store TEXT NOT NULL, till_id TEXT NOT NULL,
    day TEXT NOT NULL, cashier TEXT NOT NULL, added_ms $int NOT NULL, is_new $int NOT NULL  -- 0: the number was taken
) $strict;
CREATE INDEX customer_added_by_number ON customer_added (number);

-- == stock ============================================================= written by: server/stock
-- quantity = counted + moved, in thousandths of the article's unit; `moved` is the sum over all events ever.
CREATE TABLE stock (
    store TEXT NOT NULL, article TEXT NOT NULL, counted_milli $int NOT NULL DEFAULT 0, counted_ms $int,
    moved_milli $int NOT NULL DEFAULT 0, as_of_ms $int NOT NULL, dirty $int NOT NULL DEFAULT 0,
    PRIMARY KEY (store, article)
) $strict;
CREATE INDEX stock_dirty ON stock (store, article) WHERE dirty = 1;

-- == what else a till tells ============================================ written by: server/pipeline
CREATE TABLE terminal_close (                                                    -- a card terminal's end of day
    source_event TEXT PRIMARY KEY, store TEXT NOT NULL, till_id TEXT NOT NULL, epoch $int NOT NULL, seq $int NOT NULL,
    shift_id TEXT NOT NULL, day TEXT NOT NULL, cashier TEXT NOT NULL, terminal TEXT NOT NULL, currency TEXT NOT NULL,
    total_minor $int NOT NULL, payments $int NOT NULL, expected_minor $int NOT NULL, text TEXT NOT NULL,
    closed_ms $int NOT NULL
) $strict;
CREATE INDEX terminal_close_by_till ON terminal_close (till_id, epoch, seq);
CREATE INDEX terminal_close_by_day ON terminal_close (day, store);
CREATE TABLE till_note (                                                         -- age checks, fiscal outages, drawers
    source_event TEXT PRIMARY KEY, store TEXT NOT NULL, till_id TEXT NOT NULL, day TEXT NOT NULL, at_ms $int NOT NULL,
    kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL
) $strict;
CREATE INDEX till_note_by_day ON till_note (day, kind);

-- == accounting: what an old chart lacks ================================ written by: server/accounting
-- A new head office has no accounts yet and gets all of this from server/accounting/chart.
INSERT INTO account (code, name, kind)
SELECT '1711', 'Erhaltene, versteuerte Anzahlungen 7 %', 'liability' WHERE EXISTS (SELECT 1 FROM account WHERE code = '1776')
UNION ALL SELECT '1718', 'Erhaltene, versteuerte Anzahlungen 19 %', 'liability'
    WHERE EXISTS (SELECT 1 FROM account WHERE code = '1776')
UNION ALL SELECT '1740', 'Verbindlichkeiten aus Lohn und Gehalt (Trinkgelder)', 'liability'
    WHERE EXISTS (SELECT 1 FROM account WHERE code = '1776')
UNION ALL SELECT '3260', 'Erhaltene, versteuerte Anzahlungen 7 %', 'liability'
    WHERE EXISTS (SELECT 1 FROM account WHERE code = '3806')
UNION ALL SELECT '3272', 'Erhaltene, versteuerte Anzahlungen 19 %', 'liability'
    WHERE EXISTS (SELECT 1 FROM account WHERE code = '3806')
UNION ALL SELECT '3720', 'Verbindlichkeiten aus Lohn und Gehalt (Trinkgelder)', 'liability'
    WHERE EXISTS (SELECT 1 FROM account WHERE code = '3806')
UNION ALL SELECT '1610', 'Te betalen fooien', 'liability' WHERE EXISTS (SELECT 1 FROM account WHERE code = '8010')
ON CONFLICT (code) DO NOTHING;
-- Each new purpose takes the account that its chart has for it.
INSERT INTO account_map (store, purpose, account)
SELECT '', m.purpose, m.account FROM (
    SELECT 'prepayment:reduced' AS purpose, '1711' AS account, '1776' AS chart
    UNION ALL SELECT 'prepayment:standard', '1718', '1776'
    UNION ALL SELECT 'prepayment', '1710', '1776'
    UNION ALL SELECT 'tip', '1740', '1776'
    UNION ALL SELECT 'cash-out:tip paid out', '1740', '1776'
    UNION ALL SELECT 'voucher:issued', '1604', '1776'
    UNION ALL SELECT 'open-item', '1400', '1776'
    UNION ALL SELECT 'revenue:none', '8200', '1776'
    UNION ALL SELECT 'prepayment:reduced', '3260', '3806'
    UNION ALL SELECT 'prepayment:standard', '3272', '3806'
    UNION ALL SELECT 'prepayment', '3250', '3806'
    UNION ALL SELECT 'tip', '3720', '3806'
    UNION ALL SELECT 'cash-out:tip paid out', '3720', '3806'
    UNION ALL SELECT 'voucher:issued', '3500', '3806'
    UNION ALL SELECT 'open-item', '1200', '3806'
    UNION ALL SELECT 'revenue:none', '4200', '3806'
    UNION ALL SELECT 'prepayment', '1700', '8010'
    UNION ALL SELECT 'tip', '1610', '8010'
    UNION ALL SELECT 'cash-out:tip paid out', '1610', '8010'
    UNION ALL SELECT 'voucher:issued', '1710', '8010'
    UNION ALL SELECT 'open-item', '1300', '8010'
    UNION ALL SELECT 'revenue:none', '8020', '8010'
) m WHERE EXISTS (SELECT 1 FROM account a WHERE a.code = m.chart) AND EXISTS (SELECT 1 FROM account b WHERE b.code = m.account)
ON CONFLICT (store, purpose) DO NOTHING;
