-- What a campaign gives to a top-up, as it was promised when the top-up was started.
ALTER TABLE top_ups ADD COLUMN bonus_fen BIGINT NOT NULL DEFAULT 0 CHECK (bonus_fen >= 0);
