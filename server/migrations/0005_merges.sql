-- Merged customers: who stands for a number that was a duplicate. It is a person's decision and no event says it, so it
-- has a table of its own: a rebuild takes it over before it folds events, and facts land on the one who stays.

-- == catalogue and parties ============================================= written by: server/catalogue
CREATE TABLE customer_merge (
    number TEXT PRIMARY KEY,
    into_number TEXT NOT NULL,                                                    -- never a duplicate itself
    merged_ms $int NOT NULL, CHECK (number <> into_number)
) $strict;
CREATE INDEX customer_merge_by_survivor ON customer_merge (into_number);
CREATE INDEX orders_by_customer ON orders (customer) WHERE customer <> '';
-- Until now each row named the next one only.
INSERT INTO customer_merge (number, into_number, merged_ms)
WITH RECURSIVE way (number, into_number, steps) AS (
    SELECT number, merged_into, 1 FROM customer WHERE merged_into <> ''
    UNION ALL
    SELECT way.number, c.merged_into, way.steps + 1 FROM way JOIN customer c ON c.number = way.into_number
    WHERE c.merged_into <> '' AND way.steps < 100
)
SELECT way.number, way.into_number, (SELECT modified_ms FROM customer WHERE number = way.number) FROM way
JOIN customer c ON c.number = way.into_number WHERE c.merged_into = '' AND way.number <> way.into_number;
ALTER TABLE customer DROP COLUMN merged_into;

-- == orders, parties: what is open goes on with the one who stays ======= written by: server/orders, server/parties
UPDATE orders SET customer = (SELECT into_number FROM customer_merge m WHERE m.number = orders.customer)
WHERE customer IN (SELECT number FROM customer_merge) AND kind NOT IN ('sale', 'return', 'void', 'unallocated');
UPDATE payment_order SET customer = (SELECT into_number FROM customer_merge m WHERE m.number = payment_order.customer)
WHERE customer IN (SELECT number FROM customer_merge);
