ALTER TABLE top_ups DROP COLUMN bonus_fen;
