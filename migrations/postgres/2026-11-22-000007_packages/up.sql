-- Ids of schools, projects and packages are given by staff, or follow the highest one that is there.
CREATE TABLE schools (
    school_id BIGINT PRIMARY KEY,
    name TEXT NOT NULL
);

-- A student is a user with what the school knows.
CREATE TABLE students (
    user_id BIGINT PRIMARY KEY REFERENCES users (user_id),
    school_id BIGINT NOT NULL REFERENCES schools (school_id),
    name TEXT NOT NULL,
    photo TEXT NOT NULL,
    grade_name TEXT NOT NULL,
    class_name TEXT NOT NULL,
    mobile TEXT NOT NULL,
    imei TEXT NOT NULL,
    sim TEXT NOT NULL
);
CREATE INDEX students_by_school ON students (school_id, user_id);

-- The cards of a student, counted from 0, oldest first. A student has one current card, and a card is
-- the current one of one student.
CREATE TABLE cards (
    user_id BIGINT NOT NULL REFERENCES students (user_id),
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    card_no TEXT NOT NULL,
    -- Days are yyyy-MM-dd in Beijing: as texts of one length they are in the order of time.
    issued_on TEXT NOT NULL CHECK (length(issued_on) = 10),
    replaced_on TEXT CHECK (length(replaced_on) = 10),
    PRIMARY KEY (user_id, ordinal)
);
CREATE UNIQUE INDEX cards_current_of_student ON cards (user_id) WHERE replaced_on IS NULL;
CREATE UNIQUE INDEX cards_current ON cards (card_no) WHERE replaced_on IS NULL;

-- Who may act for a student besides the student.
CREATE TABLE guardians (
    user_id BIGINT NOT NULL REFERENCES students (user_id),
    guardian_id BIGINT NOT NULL REFERENCES users (user_id),
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, guardian_id),
    CHECK (guardian_id <> user_id)
);
CREATE INDEX guardians_by_guardian ON guardians (guardian_id, user_id);

CREATE TABLE projects (
    project_id BIGINT PRIMARY KEY,
    -- Nothing: every school's.
    school_id BIGINT REFERENCES schools (school_id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('card', 'sms')),
    selection TEXT NOT NULL CHECK (selection IN ('single', 'multi')),
    -- The gateway's names in the order they are shown, with commas between them.
    channels TEXT NOT NULL CHECK (channels <> ''),
    wx_account TEXT NOT NULL,
    alipay_account TEXT NOT NULL,
    union_pay_account TEXT NOT NULL,
    description TEXT NOT NULL,
    protocol_url TEXT NOT NULL,
    upgrade_pricing TEXT NOT NULL CHECK (upgrade_pricing IN ('difference', 'prorated')),
    -- Since when it can't be bought any more.
    withdrawn_since BIGINT
);
CREATE INDEX projects_by_school ON projects (school_id, kind);

-- details is a JSON list of {icon, title, content}.
CREATE TABLE packages (
    package_id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES projects (project_id),
    name TEXT NOT NULL,
    price_text TEXT NOT NULL,
    list_price_fen BIGINT NOT NULL CHECK (list_price_fen > 0),
    term_months SMALLINT NOT NULL CHECK (term_months BETWEEN 1 AND 120),
    rank INTEGER NOT NULL,
    description TEXT NOT NULL,
    details TEXT NOT NULL,
    withdrawn_since BIGINT
);
CREATE INDEX packages_by_project ON packages (project_id, package_id);

-- What arrives without a user: a purchase number is unique over all.
CREATE TABLE purchase_routes (
    purchase_no TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES students (user_id)
);

-- What was promised when it was made; nothing here refers to the catalogue, which goes on changing, and
-- whose rows would otherwise be locked by everybody who buys. A charge pays one purchase.
CREATE TABLE purchases (
    user_id BIGINT NOT NULL REFERENCES students (user_id),
    purchase_no TEXT NOT NULL,
    buyer_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('new', 'upgrade', 'renewal')),
    project_id BIGINT NOT NULL,
    project_name TEXT NOT NULL,
    holder_name TEXT NOT NULL,
    holder_card_no TEXT,
    holder_imei TEXT NOT NULL,
    holder_sim TEXT NOT NULL,
    holder_grade_name TEXT NOT NULL,
    holder_class_name TEXT NOT NULL,
    holder_mobile TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    status TEXT NOT NULL CHECK (status IN ('unpaid', 'paid', 'closed')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    paid_at BIGINT,
    paid_through TEXT,
    paid_charge_id TEXT,
    PRIMARY KEY (user_id, purchase_no),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CHECK ((paid_at IS NULL) = (paid_through IS NULL)),
    CHECK ((paid_at IS NULL) = (paid_charge_id IS NULL))
);
CREATE INDEX purchases_unpaid ON purchases (expires_at) WHERE status = 'unpaid';
CREATE UNIQUE INDEX purchases_paid_by_charge ON purchases (user_id, paid_charge_id) WHERE paid_charge_id IS NOT NULL;

-- A package is in a purchase once.
CREATE TABLE purchase_records (
    user_id BIGINT NOT NULL,
    purchase_no TEXT NOT NULL,
    line SMALLINT NOT NULL CHECK (line BETWEEN 1 AND 99),
    package_id BIGINT NOT NULL,
    item_name TEXT NOT NULL,
    list_price_fen BIGINT NOT NULL CHECK (list_price_fen > 0),
    price_fen BIGINT NOT NULL CHECK (price_fen > 0),
    term_months SMALLINT NOT NULL CHECK (term_months BETWEEN 1 AND 120),
    basis TEXT NOT NULL CHECK (basis IN ('new', 'upgrade', 'renewal')),
    -- The record whose period an upgrade replaces.
    replaces TEXT,
    -- The day before a renewal's term.
    follows TEXT CHECK (length(follows) = 10),
    PRIMARY KEY (user_id, purchase_no, line),
    FOREIGN KEY (user_id, purchase_no) REFERENCES purchases (user_id, purchase_no),
    CHECK ((basis = 'upgrade') = (replaces IS NOT NULL)),
    CHECK ((basis = 'renewal') = (follows IS NOT NULL))
);
CREATE UNIQUE INDEX purchase_records_by_package ON purchase_records (user_id, purchase_no, package_id);

-- A record gives one period, and an upgrade takes the place of one. No package begins twice on a day.
CREATE TABLE service_periods (
    user_id BIGINT NOT NULL,
    purchase_no TEXT NOT NULL,
    line SMALLINT NOT NULL,
    project_id BIGINT NOT NULL,
    package_id BIGINT NOT NULL,
    starts_on TEXT NOT NULL CHECK (length(starts_on) = 10),
    ends_on TEXT NOT NULL CHECK (length(ends_on) = 10),
    term_starts_on TEXT NOT NULL CHECK (length(term_starts_on) = 10),
    list_price_fen BIGINT NOT NULL CHECK (list_price_fen > 0),
    superseded_by TEXT,
    superseded_on TEXT CHECK (length(superseded_on) = 10),
    PRIMARY KEY (user_id, purchase_no, line),
    FOREIGN KEY (user_id, purchase_no, line) REFERENCES purchase_records (user_id, purchase_no, line),
    CHECK (ends_on >= starts_on),
    CHECK (starts_on >= term_starts_on),
    CHECK ((superseded_by IS NULL) = (superseded_on IS NULL)),
    CHECK (superseded_on BETWEEN starts_on AND ends_on)
);
CREATE UNIQUE INDEX service_periods_begin ON service_periods (user_id, project_id, package_id, starts_on)
    WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX service_periods_superseded ON service_periods (user_id, superseded_by)
    WHERE superseded_by IS NOT NULL;
