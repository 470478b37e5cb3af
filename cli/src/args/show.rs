//! What the commands take that show what there is: subtests, configuration, reports.

use clap::{Args, ValueEnum};
use dockertest::environment::Wanted;

use super::{Kept, Results, Suite};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print a stream of subunit: what can be run by itself, for programs such as stestr.
    #[arg(long, conflicts_with = "json")]
    pub(crate) subunit: bool,
    /// Where subtests run: auto, shared, capsule or callout [default: option provider of [environment]]. With callout, they
    /// are listed in an instance.
    #[arg(long, value_name = "ENVIRONMENT", help_heading = "Environment")]
    pub(crate) env: Option<Wanted>,
    #[command(flatten)]
    pub(crate) suite: Suite,
}

#[derive(Debug, Args)]
pub(crate) struct ShowConfig {
    /// The section to show [default: all].
    #[arg(value_name = "SECTION")]
    pub(crate) section: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say for each value where it was set.
    #[arg(long)]
    pub(crate) origin: bool,
    #[command(flatten)]
    pub(crate) suite: Suite,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) results: Results,
    /// A run of the repository of runs in place of a folder, by the beginning of its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["folder", "option"])]
    pub(crate) run: Option<String>,
    /// Which report.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// The tree that the run showed.
    #[default]
    Console,
    /// Autotest's status log.
    Status,
    /// results.json.
    Json,
    /// JUnit XML.
    Junit,
    /// TAP, version 14.
    Tap,
    /// A stream of subunit, version 2.
    Subunit,
    /// A line of JSON for each step.
    Jsonl,
    /// A page for the browser, in one file.
    Html,
}
