-- What arrives without a user: an order number is unique over all.
CREATE TABLE order_routes (
    order_no TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (user_id)
);

-- A page of a buyer's orders is read by (user_id, pk), downwards, and each order's lines by their
-- key. No index holds what is hidden or paid: every payment would pay for it.
CREATE TABLE orders (
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    order_no TEXT NOT NULL,
    pk BIGINT NOT NULL CHECK (pk > 0),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    status TEXT NOT NULL
        CHECK (status IN ('unpaid', 'paid', 'cancelled', 'closed', 'partly_refunded', 'refunded')),
    visibility TEXT NOT NULL CHECK (visibility IN ('visible', 'hidden')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    paid_at BIGINT,
    paid_through TEXT,
    paid_charge_id TEXT,
    paid_bonus_fen BIGINT NOT NULL CHECK (paid_bonus_fen >= 0),
    paid_iap_fen BIGINT NOT NULL CHECK (paid_iap_fen >= 0),
    paid_cash_fen BIGINT NOT NULL CHECK (paid_cash_fen >= 0),
    PRIMARY KEY (user_id, order_no),
    UNIQUE (user_id, pk),
    CHECK ((status IN ('paid', 'partly_refunded', 'refunded')) = (paid_at IS NOT NULL)),
    CHECK ((paid_at IS NULL) = (paid_through IS NULL))
);
CREATE INDEX orders_unpaid ON orders (expires_at) WHERE status = 'unpaid';

CREATE TABLE order_lines (
    user_id BIGINT NOT NULL,
    order_no TEXT NOT NULL,
    line SMALLINT NOT NULL,
    course_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    price_fen BIGINT NOT NULL CHECK (price_fen > 0),
    PRIMARY KEY (user_id, order_no, line),
    FOREIGN KEY (user_id, order_no) REFERENCES orders (user_id, order_no)
);

-- A course is owned at most once per user.
CREATE TABLE entitlements (
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    course_id BIGINT NOT NULL,
    order_no TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, course_id)
);
