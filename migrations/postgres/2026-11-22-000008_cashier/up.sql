-- What arrives without a user: the digest of a link's token leads to what can be paid, and to whoever made
-- it. An order's link names the order, a link to packages their kind.
CREATE TABLE cashier_links (
    token_digest BYTEA PRIMARY KEY,
    target TEXT NOT NULL CHECK (target IN ('order', 'packages')),
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    order_no TEXT,
    kind TEXT CHECK (kind IN ('card', 'sms')),
    created_by BIGINT NOT NULL REFERENCES users (user_id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CHECK ((target = 'order') = (order_no IS NOT NULL)),
    CHECK ((target = 'packages') = (kind IS NOT NULL))
);
CREATE INDEX cashier_links_by_expiry ON cashier_links (expires_at);
