DROP TABLE wallets;
DROP TABLE tokens;
DROP TABLE users;
