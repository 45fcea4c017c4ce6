-- What was charged or given back for a part of a line: so all parts come to the whole line, whichever was voided and done
-- again. NULL: a fact from before this was kept.

-- == orders ============================================================ written by: server/orders
ALTER TABLE order_delivery ADD COLUMN total_minor $int;

-- == invoicing ========================================================= written by: server/invoicing
ALTER TABLE goods_return ADD COLUMN total_minor $int;
