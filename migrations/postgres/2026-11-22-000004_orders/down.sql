DROP TABLE entitlements;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE order_routes;
