//! The engine under test.
//!
//! Its command line is what is tested ([`Command`]); what it claims is checked through another way ([`Api`]), never by
//! asking the same command again.
//!
//! ```no_run
//! use std::time::Duration;
//! use dockertest::engine::Api;
//! use dockertest::prelude::*;
//!
//! fn run_once(ctx: &mut Context) -> Outcome {
//!     let shown = ctx.docker(["version", "--format", "{{.Server.Version}}"]).must_pass()?;
//!     let options = ctx.section().get("docker_options").unwrap_or_default();
//!     let api = Api::connect(&Api::address_of_options(options), Duration::from_secs(2))?;
//!     let shown = shown.stdout_text();
//!     check_eq!(shown.trim(), api.version()?.version, "the server's version");
//!     Ok(())
//! }
//! ```

mod address;
mod api;
mod checks;
mod client;
mod command;
mod completed;
pub mod daemon;
mod expected;
mod facts;
mod failure;
pub mod fixtures;
mod image_name;
pub mod inventory;
mod made_image;
pub(crate) mod objects;
mod output;
mod place;
mod podman;
mod process;
mod promise;
mod registry;
mod running;
mod tags;
mod text;

pub use api::{Api, ApiFailure, Condition, Event, Events, Executed, Logs, ServerVersion};
pub use bollard::models;
pub use checks::Sign;
pub use command::Command;
pub use completed::Completed;
pub use expected::Expected;
pub use facts::Inquiry;
pub use failure::CommandFailure;
pub use image_name::{ImageName, ImageNameError};
pub use made_image::{MadeImage, OwnImage};
pub use objects::{Container, Fixture, Life, Object};
pub use place::{Place, PlaceFailure};
pub use podman::{KEEP, keep};
pub use registry::Registry;
pub use running::{Mark, Running};
pub use tags::Tags;
pub use text::{Row, Table, TableError};

pub(crate) use running::Background;
