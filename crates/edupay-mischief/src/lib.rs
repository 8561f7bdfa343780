//! What makes the program fail on purpose, so that the fault harness can show that nothing is lost by
//! it, or that it would have noticed.
//!
//! - **Fail points** (feature `failpoints`): `failpoint!("tx.commit.after")` stands between two steps.
//!   `MISCHIEF_POINT=tx.commit.after=exit@3` ends the process when it is reached for the third time;
//!   `panic` panics there, `sleep` stands still for two seconds. It happens once.
//! - **Planted bugs** (feature `planted-bugs`): `planted!("ack_without_commit")` is true where
//!   `MISCHIEF_BUG` names it, and `planted!("…", 25)` every 25th time then.
//! - **A wrong clock** (feature `failpoints`): `system_time!()` is the system's time, moved by the seconds
//!   that `MISCHIEF_CLOCK` says.
//!
//! Without the features, as in everything that ships, the first macro is nothing, the second is `false` and
//! the third is the system's time: neither the names nor the code behind them are in the program.

#[cfg(feature = "failpoints")]
mod clock;
#[cfg(feature = "planted-bugs")]
mod planted;
#[cfg(feature = "failpoints")]
mod point;

#[cfg(feature = "failpoints")]
pub use clock::moved_time;
#[cfg(feature = "planted-bugs")]
pub use planted::is_planted;
#[cfg(feature = "failpoints")]
pub use point::reach;

/// A place between two steps at which the harness may let the program fail.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::reach($name)
    };
}

/// A place between two steps at which the harness may let the program fail: nothing in this build.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {};
}

/// Whether a planted bug is to do its damage now.
#[cfg(feature = "planted-bugs")]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        $crate::is_planted($name, 1)
    };
    ($name:literal, $every:literal) => {
        $crate::is_planted($name, $every)
    };
}

/// Whether a planted bug is to do its damage now: never in this build.
#[cfg(not(feature = "planted-bugs"))]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        false
    };
    ($name:literal, $every:literal) => {
        false
    };
}

/// The system's time as a `SystemTime`, moved as far as the harness says.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! system_time {
    () => {
        $crate::moved_time()
    };
}

/// The system's time as a `SystemTime`: in this build nothing can move it.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! system_time {
    () => {
        ::std::time::SystemTime::now()
    };
}
