//! Configuration: the INI dialect, layers, interpolation, typed sections, and where each value came from.
//!
//! [`Layers`] says what is read, [`Configuration`] answers what applies to a section, [`Section::read`] puts that into
//! a struct. Everything is read and resolved at once, so that all mistakes are known before anything runs.
//! The book's page on configuration describes the dialect and every option of the framework.
//!
//! ```
//! use std::time::Duration;
//! use dockertest::config::{Layers, Source, types};
//!
//! #[derive(serde::Deserialize)]
//! struct Options {
//!     docker_repo_name: String,
//!     #[serde(with = "types::seconds")]
//!     docker_timeout: Duration,
//! }
//!
//! let shipped = "[DEFAULTS]\ndocker_repo_name = busybox\ndocker_timeout = 300\n".to_owned();
//! let custom = "[docker_cli/version]\ndocker_timeout = 1.5\n".to_owned();
//! let configuration = Layers::new()
//!     .defaults(Source::Memory(vec![("defaults.ini".to_owned(), shipped)]))
//!     .custom(Source::Memory(vec![("mine.ini".to_owned(), custom)]))
//!     .load()?;
//! let options: Options = configuration.section("docker_cli/version").read()?;
//! assert_eq!(options.docker_repo_name, "busybox");
//! assert_eq!(options.docker_timeout, Duration::from_millis(1500));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod configuration;
mod control;
mod draft;
mod interpolate;
mod known_failures;
mod layers;
mod lines;
mod parse;
mod problem;
mod read;
mod secret;
mod section;
mod source;
mod tables;
mod text;
pub mod types;
mod value;
mod warning;

pub use configuration::Configuration;
pub use control::Control;
#[cfg(feature = "runner")]
pub(crate) use draft::{Draft, NamedPlugin, check_host_file};
pub use known_failures::{KnownFailure, KnownFailures};
pub use layers::Layers;
#[cfg(feature = "runner")]
pub(crate) use problem::nearest;
pub use problem::{LoadFailure, Problem, Related};
pub use read::ReadFailure;
pub(crate) use secret::hide;
pub use secret::{MASK, is_secret};
pub use section::{Origin, Section, Setting};
pub use source::{BuiltInFile, MAX_FILE_BYTES, Source};
pub use warning::{FRAMEWORK_OPTIONS, Warning};

#[cfg(test)]
mod tests;
