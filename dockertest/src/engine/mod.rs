//! The engine under test.
//!
//! Its command line is what is tested ([`Command`]); what it claims is checked through another way ([`Api`]), never by
//! asking the same command again.

mod address;
mod api;
mod command;
mod completed;
mod facts;
mod failure;
mod process;

pub use api::{Api, ApiFailure, ServerVersion};
pub use command::Command;
pub use completed::Completed;
pub use facts::facts;
pub use failure::CommandFailure;
