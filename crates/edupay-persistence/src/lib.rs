//! edupay-persistence
