//! Where steps are run, how many at a time, and on which engine.

use clap::Args;
use dockertest::environment::Wanted;

/// Where steps are run, and how many at a time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Environment")]
pub(crate) struct Place {
    /// Where subtests run: auto, shared, capsule or callout [default: option provider of [environment]].
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) env: Option<Wanted>,
    #[command(flatten)]
    pub(crate) engine: Engine,
    /// How many subtests run at a time; auto: as many as the environment and the machine bear [default: option jobs of
    /// [environment]].
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<String>,
}

/// Which engine is in capsules.
#[derive(Debug, Args)]
#[command(next_help_heading = "Environment")]
pub(crate) struct Engine {
    /// The engine of capsules: a build of `dockertest engines add` [default: option engine of [environment], else the
    /// engine that is installed].
    #[arg(long, value_name = "NAME")]
    pub(crate) engine: Option<String>,
}

/// A number from 1, or `auto`.
pub(super) fn jobs(text: &str) -> Result<String, String> {
    let is_number = text.parse::<usize>().is_ok_and(|number| number > 0);
    if is_number || text == "auto" { Ok(text.to_owned()) } else { Err("expected a number from 1, or auto".to_owned()) }
}
