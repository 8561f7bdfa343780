//! edupay-http
