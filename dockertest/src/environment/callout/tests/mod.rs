//! Whole providers, with callouts that write down how they were called.

mod disposing;
mod executing;
mod listing;
mod project;
mod provisioning;
mod records;

use project::{DISPOSE, GOOD, MAKE, Project, ids, provision};
