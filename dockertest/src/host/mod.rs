//! Processes that hold subtests, and the protocol that they speak.

pub mod protocol;
