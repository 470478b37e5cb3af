//! A program that embeds the runner: it runs the subtests of a host and shows a live tree of their verdicts.
//!
//! ```console
//! $ cargo run --example live_tree -- --config config_defaults --args example target/debug/dockertest-host
//! ```
//!
//! On a terminal the tree is drawn anew whenever something happens, and Enter asks the run to stop. Elsewhere the tree is
//! written once, at the end.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use dockertest::config::{Layers, Source};
use dockertest::host::{CancelToken, HostProgram};
use dockertest::outcome::Ending;
use dockertest::report::{RunState, StepState};
use dockertest::run::{Runner, RunnerBuilder};

const USAGE: &str = "\
Usage: live_tree [--config DIR] [--set OPTION=VALUE] [--args NAMES] [--results DIR] [--state DIR] [--no-engine] \
                     HOST [ARGUMENT...]";

/// Longer lines would be wrapped, and the next tree would not cover them.
const COLUMNS: usize = 79;

fn main() -> ExitCode {
    match show(std::env::args_os().skip(1)) {
        Ok(status) => ExitCode::from(status),
        Err(problem) => {
            eprintln!("live_tree: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Runs what the arguments say; gives back the exit status.
pub(crate) fn show(arguments: impl Iterator<Item = OsString>) -> Result<u8, Box<dyn Error>> {
    let runner = builder(arguments)?.build()?;
    let cancel = CancelToken::new()?;
    stop_on_enter(&cancel);
    let run = runner.start_with(&cancel);
    let mut screen = Screen::default();
    let mut state = RunState::default();
    for record in run.events() {
        state.record(&record);
        screen.draw(&tree(&state), false)?;
    }
    let outcome = run.wait()?;
    screen.draw(&tree(&state), true)?;
    println!(
        "{}: {} of {} steps, {}",
        outcome.verdict(),
        outcome.counts.total(),
        outcome.planned,
        outcome.journal().display()
    );
    Ok(outcome.exit_status())
}

fn builder(mut arguments: impl Iterator<Item = OsString>) -> Result<RunnerBuilder, Box<dyn Error>> {
    let (mut layers, mut builder) = (Layers::new(), Runner::builder());
    while let Some(argument) = arguments.next() {
        let option = argument.to_str().filter(|word| word.starts_with("--"));
        let Some(option) = option else {
            let host = HostProgram::new(argument).arguments(arguments);
            return Ok(builder.layers(layers).host(host));
        };
        if option == "--no-engine" {
            builder = builder.without_engine();
            continue;
        }
        let value = arguments.next().ok_or(USAGE)?;
        let text = value.to_str().ok_or(USAGE)?;
        match option {
            "--config" => layers = layers.defaults(Source::Folder(value.into())),
            "--set" => layers = layers.set(text),
            "--args" => builder = builder.args([text]),
            "--results" => builder = builder.results(value),
            "--state" => builder = builder.state(value),
            _ => return Err(USAGE.into()),
        }
    }
    Err(USAGE.into())
}

/// A thread that waits for a line, for as long as the program lives.
fn stop_on_enter(cancel: &CancelToken) {
    if io::stdin().is_terminal() {
        let cancel = cancel.clone();
        std::thread::spawn(move || {
            if io::stdin().read_line(&mut String::new()).is_ok_and(|bytes| bytes > 0) {
                cancel.cancel("somebody pressed Enter");
            }
        });
    }
}

/// The tree as text: a line for each step, and below it one for each of its sub-subtests.
fn tree(state: &RunState) -> String {
    let mut text = String::new();
    for step in &state.steps {
        push(&mut text, "", &step.planned.name, &standing(step), step.ending.as_ref());
        for child in &step.subsubtests {
            push(&mut text, "  ", &child.name, "running", child.ending.as_ref());
        }
    }
    text
}

fn standing(step: &StepState) -> String {
    match step.phase {
        Some((phase, Some(iteration))) => format!("{phase}, {} of {}", iteration.number, iteration.of),
        Some((phase, None)) => phase.to_string(),
        None if step.started_us.is_some() => "starting".to_owned(),
        None => String::new(),
    }
}

fn push(text: &mut String, indent: &str, name: &impl std::fmt::Display, standing: &str, ending: Option<&Ending>) {
    let name = format!("{indent}{name}");
    let line = match ending {
        Some(Ending { verdict, reason, seconds, .. }) => {
            let reason = reason.lines().next().unwrap_or_default();
            format!("{:<8}{name:<28} {seconds:>6.1} s  {reason}", verdict.to_string())
        }
        None => format!("{:<8}{name:<28} {standing}", "..."),
    };
    let shown: String = line.chars().take(COLUMNS).collect();
    let _ = writeln!(text, "{}", shown.trim_end());
}

/// Draws over what it drew before, if it is a terminal.
#[derive(Default)]
struct Screen {
    shown: String,
}

impl Screen {
    fn draw(&mut self, tree: &str, is_last: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if !out.is_terminal() {
            return if is_last { out.write_all(tree.as_bytes()) } else { Ok(()) };
        }
        if tree != self.shown {
            let lines = self.shown.lines().count();
            // To the first line of the last tree, and clear from there on.
            let up = if lines > 0 { format!("\x1b[{lines}A\x1b[J") } else { String::new() };
            write!(out, "{up}{tree}")?;
            out.flush()?;
            tree.clone_into(&mut self.shown);
        }
        Ok(())
    }
}
