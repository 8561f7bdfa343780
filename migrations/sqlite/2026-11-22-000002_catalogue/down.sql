DROP TABLE courses;
DROP TABLE products;
