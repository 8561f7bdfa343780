//! edupay-testkit
