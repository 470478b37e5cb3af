//! The `dockertest` program: argument parsing and nothing else.
//!
//! Each command turns its arguments into calls of the library and the outcome into an exit status. What the library
//! cannot know is decided here: where the configuration and the host program are, what a signal means, and whether
//! the screen is a terminal.

mod args;
mod commands;
mod environment;
mod hosts;
mod kept;
mod live;
mod patient;
mod reports;
mod screen;
mod signals;
mod sources;
mod status;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};
use crate::screen::Screen;

fn main() -> ExitCode {
    // Before anything else: as a host this program is started once for each step.
    if let Some(status) = hosts::serve_if_asked() {
        return status;
    }
    let arguments = Arguments::parse();
    let screen = Screen::new(arguments.color);
    let done = match arguments.command {
        Command::Run(run) => commands::run::run(&run, &screen),
        Command::Resume(resume) => commands::run::resume(&resume, &screen),
        Command::List(list) => commands::list::list(&list, &screen),
        Command::Config(show) => commands::config::config(&show, &screen),
        Command::Report(report) => commands::report::report(&report, &screen),
        Command::Last(wanted) => commands::runs::last(&wanted, &screen),
        Command::Failing(wanted) => commands::runs::failing(&wanted, &screen),
        Command::Slowest(wanted) => commands::runs::slowest(&wanted, &screen),
        Command::History(wanted) => commands::runs::history(&wanted, &screen),
        Command::Stats(wanted) => commands::runs::stats(&wanted, &screen),
        Command::Runs(wanted) => commands::runs::runs(&wanted, &screen),
        Command::Load(wanted) => commands::runs::load(&wanted, &screen),
        Command::Faults(wanted) => commands::faults::faults(&wanted, &screen),
        Command::HostCheck(wanted) => commands::host_check::host_check(&wanted, &screen),
        Command::Engines(wanted) => commands::engines::engines(&wanted, &screen),
        Command::Env(wanted) => commands::env::env(&wanted, &screen),
        Command::Matrix(wanted) => commands::matrix::matrix(&wanted, &screen),
        Command::New(wanted) => commands::new::new(&wanted, &screen),
        Command::Completions(completions) => commands::completions::completions(&completions, &screen),
        Command::Help(help) => commands::help::help(&help, &screen),
        Command::External(words) => commands::external::external(&words),
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(problem) => {
            screen.problem(&problem);
            ExitCode::from(problem.status())
        }
    }
}
