//! The command line: one table from which parsing, help and completions are made.
//!
//! Parsing only validates. What a command does with its arguments is in `commands`.

#![expect(clippy::doc_markdown, reason = "these texts are shown on a terminal, as they are")]

mod check;
mod command;
mod engines;
pub(crate) mod env;
mod help;
mod new;
mod place;
mod results;
mod run;
mod runs;
mod show;
mod sources;

pub(crate) use check::{CheckHost, Faults};
pub(crate) use command::{Arguments, Color, Command};
pub(crate) use engines::{AddEngine, EnginesCommand, Matrix};
pub(crate) use help::{Completions, Help};
pub(crate) use new::New;
pub(crate) use place::{Engine, Place};
pub(crate) use results::{DEFAULT_RESULTS, Kept, Results};
pub(crate) use run::{LiveReport, Resume, Run};
pub(crate) use runs::{Failing, History, Last, Load, Runs, Slowest, Stats};
pub(crate) use show::{List, Report, ReportFormat, ShowConfig};
pub(crate) use sources::{Sources, Suite};
