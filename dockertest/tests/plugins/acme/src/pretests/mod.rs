//! What is done before a run.

pub mod acme_ready;
