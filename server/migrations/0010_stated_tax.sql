-- The tax that the line of a handover stated itself: the last goods of a rate in an order without tax in its prices (ADR
-- 16). NULL: its receipt worked the tax out.

-- == orders ============================================================ written by: server/orders
ALTER TABLE order_delivery ADD COLUMN stated_tax_minor $int;
