//! Where subtests run: providers make instances, the runner has steps run in them, and whoever made them disposes of them.
//!
//! Needs the feature `runner`.
//!
//! An instance is a place with an engine in it, and the unit of cleanliness. How a host program is started in it is all
//! that the runner has to know, since the protocol is plain text on standard input and output.
//!
//! | provider | an instance is | at a time |
//! | --- | --- | --- |
//! | [`Shared`] | this machine, with the engine that is configured | one |
//! | [`Callout`] | whatever the user's commands make | as many as they make |
//! | [`CapsuleProvider`](capsule::CapsuleProvider) | an engine of our own with a root, a network and processes of its own | many |
//!
//! [`Environment`] finds out which of them the configuration asks for, and whether it can be had.

mod builds;
mod callout;
pub mod capsule;
mod choose;
mod provider;
mod settings;
mod shared;
mod testr_conf;
mod tried;

pub use builds::{BuildFailure, BuildSource, Builds, EngineBuild, Flavor, Layer, Origin};
pub use callout::{
    Callout, ConcurrencyFailure, Pruned as PrunedCallout, concurrency, dispose_of_kept as dispose_of_kept_callouts,
    kept as kept_callouts, prune as prune_callouts,
};
pub use choose::{ChoiceFailure, Chosen, Environment, EnvironmentNote};
pub use provider::{DisposeFailure, Instance, Provider, ProvisionFailure};
pub use settings::{CalloutLimits, Callouts, EnvironmentSettings, SettingsFailure, Wanted};
pub use shared::Shared;
pub use tried::Tried;
