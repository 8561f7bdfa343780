-- Writes the keys of a batch with their replies. Answers how many were new; unless all were, the
-- transaction must not be committed.
WITH written AS (
    INSERT INTO idempotency_keys (
        user_id, key, digest, began_at, expires_at, reply_status, reply_head, reply_body
    )
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM written
