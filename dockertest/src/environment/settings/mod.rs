//! The section `[environment]` of `control.ini`: where subtests run, how many at a time, and the user's callouts.

mod callouts;
mod failure;
mod jobs;
mod limits;
mod options;
mod section;
#[cfg(test)]
mod tests;
mod wanted;

pub use callouts::Callouts;
pub use failure::SettingsFailure;
pub(super) use jobs::number_of_jobs;
pub use limits::CalloutLimits;
pub use section::EnvironmentSettings;
pub use wanted::Wanted;
