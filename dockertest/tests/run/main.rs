//! Runs with real processes. This program is the tests, and started with a role as its first argument it is also the
//! host of their subtests, the runner that is killed, and a process that is left behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod callouts;
mod disk;
mod embedding;
mod host;
mod instances;
mod isolation;
#[path = "../../examples/live_tree.rs"]
#[expect(dead_code, reason = "its `main` is here")]
mod live_tree;
mod parallel;
mod runner;
mod support;
mod torture;

use std::panic::catch_unwind;
use std::process::ExitCode;

type Test = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["host", rest @ ..] => host::main(rest),
        ["runner", rest @ ..] => torture::runner_main(rest),
        ["parallel-runner", rest @ ..] => torture::parallel_runner_main(rest),
        ["callout-runner", rest @ ..] => callouts::runner_main(rest),
        ["broken-pipes", rest @ ..] => embedding::broken_pipes_main(rest),
        ["live-tree", rest @ ..] => ExitCode::from(live_tree::show(rest.iter().map(Into::into)).unwrap()),
        ["sleeper"] => loop {
            std::thread::park();
        },
        options => run_tests(options),
    }
}

/// A small stand-in for the usual test program: names filter, `--list`, `--exact` and `--skip` work.
fn run_tests(options: &[&str]) -> ExitCode {
    let parts = [
        runner::TESTS,
        parallel::TESTS,
        isolation::TESTS,
        callouts::TESTS,
        torture::TESTS,
        disk::TESTS,
        embedding::TESTS,
    ];
    let tests: Vec<Test> = parts.concat();
    if options.contains(&"--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let chosen = tests.into_iter().filter(|(name, _)| is_chosen(name, options));
    let results: Vec<(&str, bool)> = chosen.map(|(name, test)| (name, run_test(name, test))).collect();
    let failed = results.iter().filter(|(_, passed)| !passed).count();
    println!("\ntest result: {} passed; {failed} failed", results.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_chosen(name: &str, options: &[&str]) -> bool {
    let skipped = options.windows(2).any(|pair| pair[0] == "--skip" && name.contains(pair[1]));
    let is_filter =
        |(index, word): &(usize, &&str)| !word.starts_with('-') && (*index == 0 || options[index - 1] != "--skip");
    let filters: Vec<&str> = options.iter().enumerate().filter(is_filter).map(|(_, word)| *word).collect();
    let fits = |filter: &&str| if options.contains(&"--exact") { name == *filter } else { name.contains(*filter) };
    !skipped && (filters.is_empty() || filters.iter().any(fits))
}

fn run_test(name: &str, test: fn()) -> bool {
    let passed = catch_unwind(test).is_ok();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}
