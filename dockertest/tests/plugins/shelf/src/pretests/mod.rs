//! What is done before a run.

pub mod ready;
