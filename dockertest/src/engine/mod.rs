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
#[cfg(feature = "api")]
mod api;
#[cfg(feature = "runner")]
mod asked_inside;
mod checks;
#[cfg(feature = "api")]
mod client;
mod command;
mod completed;
#[cfg(feature = "api")]
mod containers_conf;
#[cfg(feature = "api")]
pub mod daemon;
mod expected;
#[cfg(feature = "api")]
mod facts;
mod failure;
#[cfg(feature = "api")]
pub mod fixtures;
#[cfg(feature = "api")]
mod harmless;
mod image_name;
#[cfg(feature = "api")]
pub mod inventory;
#[cfg(feature = "api")]
mod made_image;
#[cfg(feature = "api")]
pub(crate) mod objects;
mod output;
mod place;
#[cfg(feature = "api")]
pub(crate) mod podman;
mod process;
mod promise;
#[cfg(feature = "api")]
mod registry;
mod running;
pub(crate) mod search_path;
#[cfg(feature = "api")]
mod settings;
#[cfg(feature = "api")]
mod tags;
#[cfg(feature = "api")]
mod tell_facts;
mod text;

#[cfg(feature = "runner")]
pub(crate) use address::SYSTEM;
#[cfg(feature = "api")]
pub use api::{Api, ApiFailure, Condition, Event, Events, Executed, Logs, ServerVersion};
#[cfg(feature = "api")]
pub use bollard::models;
pub use checks::Sign;
pub(crate) use checks::difference;
pub use command::Command;
pub use completed::Completed;
pub use expected::Expected;
#[cfg(feature = "api")]
pub use facts::Inquiry;
#[cfg(feature = "runner")]
pub(crate) use facts::{NAMED_BY, SETTINGS};
pub use failure::CommandFailure;
pub use image_name::{ImageName, ImageNameError};
#[cfg(feature = "api")]
pub use made_image::{MadeImage, OwnImage};
#[cfg(feature = "api")]
pub use objects::{Container, Fixture, Life, Object};
pub use place::{Place, PlaceFailure};
#[cfg(feature = "api")]
pub use podman::{KEEP, keep};
#[cfg(feature = "api")]
pub use registry::Registry;
pub use running::{Mark, Running};
#[cfg(feature = "api")]
pub use tags::Tags;
#[cfg(feature = "api")]
pub use tell_facts::{FACTS, tell_facts};
pub use text::{Row, Table, TableError};

#[cfg(feature = "runner")]
pub(crate) use asked_inside::ask_inside;
#[cfg(any(feature = "api", feature = "runner"))]
pub(crate) use command::DEFAULT_PATH;
pub(crate) use running::Background;
