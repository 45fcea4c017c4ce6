-- What the full range of selling adds to articles and customers; prices by rules; leases of tills on orders.
-- `extra` is JSON of server.catalogue.articles.Extra: what is read with an article, but never searched or summed.

-- == catalogue and parties ============================================= written by: server/catalogue
ALTER TABLE article ADD COLUMN variant_of TEXT NOT NULL DEFAULT '';
ALTER TABLE article ADD COLUMN extra TEXT NOT NULL DEFAULT '{}';
CREATE INDEX article_by_parent ON article (variant_of) WHERE variant_of <> '';
ALTER TABLE customer ADD COLUMN group_name TEXT NOT NULL DEFAULT '';
ALTER TABLE customer ADD COLUMN credit_limit_minor $int NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN payment_days $int NOT NULL DEFAULT 14;
ALTER TABLE customer ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';              -- a duplicate; tills see it no more
CREATE TABLE price_list (
    name TEXT PRIMARY KEY, currency TEXT NOT NULL, group_name TEXT NOT NULL DEFAULT '',
    valid_from TEXT NOT NULL DEFAULT '', valid_to TEXT NOT NULL DEFAULT '', modified_ms $int NOT NULL
) $strict;
CREATE TABLE list_price (
    price_list TEXT NOT NULL REFERENCES price_list (name), article TEXT NOT NULL, min_quantity TEXT NOT NULL,
    price_minor $int NOT NULL CHECK (price_minor >= 0), PRIMARY KEY (price_list, article, min_quantity)
) $strict;
CREATE INDEX list_price_by_article ON list_price (article);
CREATE TABLE promotion (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, customer_group TEXT NOT NULL DEFAULT '',
    valid_from TEXT NOT NULL DEFAULT '', valid_to TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL,                                                           -- JSON of schema Promotion
    ended_ms $int, modified_ms $int NOT NULL
) $strict;

-- == stores and tills ================================================== written by: server/tills
CREATE TABLE order_claim (                                                        -- who may take money for an order now
    order_id TEXT PRIMARY KEY, till_id TEXT NOT NULL REFERENCES till (id), token $int NOT NULL, until_ms $int NOT NULL
) $strict;
