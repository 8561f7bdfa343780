CREATE TABLE products (
    pk INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id TEXT NOT NULL UNIQUE,
    price_fen INTEGER NOT NULL CHECK (price_fen > 0),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE courses (
    course_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    price_fen INTEGER NOT NULL CHECK (price_fen > 0),
    status TEXT NOT NULL CHECK (status IN ('offered', 'withdrawn')),
    created_at INTEGER NOT NULL
) STRICT;
