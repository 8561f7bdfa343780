//! What must hold of a parser, whatever it is given. The claims about the domain's own parsers are here;
//! those about the parsers of another crate are in its module `fuzzing`. Each is a function of bytes that
//! panics when it is broken. The targets of `edupay-fuzz` call it as fast as they can, and a normal test
//! calls it through [`hold`], so that neither can fall behind the parser.
//!
//! What is absent: libFuzzer. It is nowhere but in `edupay-fuzz`, which is no part of the workspace.

mod days;
mod inputs;
mod money;
mod names;
mod rows;
#[cfg(test)]
mod tests;

pub use days::days;
pub use inputs::hold;
pub use money::money;
pub use names::names;
pub use rows::rows;
