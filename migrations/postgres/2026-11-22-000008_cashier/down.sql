DROP TABLE cashier_links;
