//! Subtests as tests of `cargo test` and `cargo nextest`.
//!
//! Needs the feature `harness`.
//!
//! [`harness!`](crate::harness!) makes a test program of the subtests that are linked into it. It has the command line and
//! the output of Rust's own test programs, so whatever knows those can list, filter, run, repeat and time out each
//! subtest as a test of its own. Each test is a run like any other, with results in a folder, and the subtest is in a
//! process of its own: this program again, as a host.

mod attempt;
mod place;
mod settings;
mod stopping;
mod trials;

use std::ffi::OsString;
use std::process::ExitCode;

use libtest_mimic::Arguments;

use crate::host::serve;
use crate::run::EXIT_SETUP;

use settings::Settings;
use stopping::Stopping;

/// By this word this program knows that it is started as a host. No filter of tests begins so.
const HOST_WORD: &str = "--dockertest-host";

/// What is added to the number of a signal for the exit status of a program that it has stopped.
const STOPPED_BY_SIGNAL: i32 = 128;

/// Makes a test program of the subtests that are linked into it: of those in the crates that are named, and of those in
/// the file's own modules. It stands in the main file of a test target with `harness = false`.
///
/// At most one of the crates may have a [`plugin!`](crate::plugin!), whose symbols have the same names everywhere.
///
/// `Cargo.toml`, where `acme_subtests` is the package's own library, of the types `cdylib` and `rlib`:
///
/// ```toml
/// [dev-dependencies]
/// dockertest = { version = "0.9", features = ["harness"] }
///
/// [[test]]
/// name = "subtests"
/// harness = false
/// ```
///
/// `tests/subtests.rs`:
///
/// ```no_run
/// # mod acme_subtests {}
/// dockertest::harness!(acme_subtests);
/// ```
///
/// A whole program, with its subtest:
///
/// ```no_run
/// use dockertest::prelude::*;
///
/// #[derive(Default)]
/// struct Version;
///
/// impl Subtest for Version {
///     fn run_once(&mut self, ctx: &mut Context) -> Outcome {
///         ctx.docker(["version"]).must_pass()?;
///         Ok(())
///     }
/// }
/// dockertest::subtest!(Version, "Checks that there is a version.");
///
/// dockertest::harness!();
/// ```
#[macro_export]
macro_rules! harness {
    ($($subtests:ident),* $(,)?) => {
        $(
            // Without a mention it would not be linked.
            use $subtests as _;
        )*

        fn main() -> ::std::process::ExitCode {
            let (package, version) = (::std::env!("CARGO_PKG_NAME"), ::std::env!("CARGO_PKG_VERSION"));
            let target = $crate::harness::TestTarget::new(package, version, ::std::env!("CARGO_CRATE_NAME"));
            $crate::harness::main(&target.scratch(::std::option_env!("CARGO_TARGET_TMPDIR")))
        }
    };
}

/// The test target that a program was built from. [`harness!`](crate::harness!) fills it in.
///
/// ```
/// use dockertest::harness::TestTarget;
///
/// let target = TestTarget::new("acme", "1.0.0", "subtests").scratch(option_env!("CARGO_TARGET_TMPDIR"));
/// assert_eq!(target.program(), "acme 1.0.0");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TestTarget {
    package: &'static str,
    version: &'static str,
    name: &'static str,
    scratch: Option<&'static str>,
}

impl TestTarget {
    /// The target of this name, in a package.
    #[must_use]
    pub const fn new(package: &'static str, version: &'static str, name: &'static str) -> TestTarget {
        TestTarget { package, version, name, scratch: None }
    }

    /// The folder that cargo has for what tests write; results are below it.
    #[must_use]
    pub const fn scratch(mut self, folder: Option<&'static str>) -> TestTarget {
        self.scratch = folder;
        self
    }

    /// The program's name and version, for people.
    #[must_use]
    pub fn program(&self) -> String {
        format!("{} {}", self.package, self.version)
    }
}

/// The whole program: a test program, or, when it is started as one, the host of its subtests.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use dockertest::harness::{self, TestTarget};
///
/// // As `harness!` writes it:
/// fn main() -> ExitCode {
///     harness::main(&TestTarget::new("acme", "1.0.0", "subtests"))
/// }
/// ```
#[must_use]
pub fn main(target: &TestTarget) -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some((first, rest)) = words.split_first()
        && first == HOST_WORD
    {
        return serve::main(&target.program(), rest.iter().cloned());
    }
    // Ends the program with help when it is asked for, or when a word is not understood.
    let arguments = Arguments::from_args();
    run(target, &arguments).unwrap_or_else(|problem| {
        say("error", &problem);
        ExitCode::from(EXIT_SETUP)
    })
}

fn run(target: &TestTarget, arguments: &Arguments) -> Result<ExitCode, String> {
    let settings = Settings::read(target, arguments)?;
    let stopping = Stopping::new();
    if !arguments.list {
        stopping.watch_signals().map_err(|error| format!("cannot watch for signals: {error}"))?;
    }
    let trials = trials::make(settings, &stopping)?;
    let conclusion = libtest_mimic::run(arguments, trials);
    let stopped = stopping.signal().and_then(|signal| u8::try_from(STOPPED_BY_SIGNAL + signal).ok());
    Ok(stopped.map_or_else(|| conclusion.exit_code(), ExitCode::from))
}

/// Says something beside the output of the tests.
#[expect(clippy::print_stderr, reason = "this is the program")]
fn say(kind: &str, text: &str) {
    eprintln!("{kind}: {text}");
}
