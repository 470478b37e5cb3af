//! Subtests of somebody else's, which are tests of `cargo test`, too.

pub mod pretests;
pub mod shelf;

dockertest::plugin!();
