//! Subtests of somebody else's, in a plug-in.

pub mod disk_quota;
pub mod pretests;

dockertest::plugin!();
