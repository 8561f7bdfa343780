-- Writes a wallet, unless its count of entries is no longer what it was when it was loaded.
UPDATE wallets
SET cash_fen = $1, iap_fen = $2, bonus_fen = $3, debt_fen = $4, entries = $5
WHERE user_id = $6 AND entries = $7
