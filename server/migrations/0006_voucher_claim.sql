-- Leases of tills on vouchers: two tills that ask at the same moment do not both pay with what one voucher holds.

-- == stores and tills ================================================== written by: server/tills, server/vouchers (ends)
CREATE TABLE voucher_claim (                                                      -- who may redeem a voucher now
    code TEXT PRIMARY KEY, till_id TEXT NOT NULL REFERENCES till (id), token $int NOT NULL, until_ms $int NOT NULL
) $strict;
