//! `cargo xtask test` and `cargo xtask torture`: every test, against an engine that answers.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::child::{self, Running, cargo};
use crate::counts::{Counter, Counts, Outcome};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::packages::FOR_TESTS;
use crate::{paths, setup};

/// What `test-needs` calls it when whatever tests need has to be there; this program does not wait for that package.
const REQUIRED: &str = "DOCKERTEST_REQUIRE_ENGINE";

/// And the file in which tests say that they were skipped, and why.
const SKIPPED: &str = "DOCKERTEST_SKIPPED";

/// Where fuzz and property tests begin, so that `test` finds the same today and tomorrow; `torture` begins elsewhere each
/// time.
const SEED: &str = "20140423";

/// Runs every test whose name contains one of the filters, or all if there are none.
pub(crate) fn all(filters: &[&str]) -> Result<ExitCode, Failure> {
    run(&[&[&["--workspace", "--"], filters].concat()], &[("BOLERO_RANDOM_SEED", SEED), ("PROPTEST_RNG_SEED", SEED)])
}

/// Runs the torture and fuzz tests, longer than `test` does; the environment can say how long.
pub(crate) fn torture() -> Result<ExitCode, Failure> {
    run(
        &[&["--workspace", "--", "torture"], &["--package", "fuzz"]],
        &[
            ("DOCKERTEST_TORTURE_KILLS", "100"),
            ("DOCKERTEST_TORTURE_MEGABYTES", "1000"),
            ("DOCKERTEST_TORTURE_ROUNDS", "20"),
            ("DOCKERTEST_FUZZ_SECONDS", "60"),
        ],
    )
}

/// Sets up, runs `cargo test` with each list of arguments, also after one has failed, and closes with those that
/// were skipped, and the counts of all.
/// A setting counts unless the environment has it already.
fn run(parts: &[&[&str]], settings: &[(&str, &str)]) -> Result<ExitCode, Failure> {
    let (outcome, code) = setup::with_engine_and(FOR_TESTS, |engine| {
        // `cargo test` builds the programs of a package only for its own tests; some start those of others.
        child::must_succeed(cargo().args(["build", "--workspace", "--bins"]), "build the programs")?;
        let mut total = (Outcome::default(), 0);
        let skipped = paths::target().join(format!("skipped-{}", std::process::id()));
        for arguments in parts {
            let mut command = test_command(engine, arguments, &skipped);
            command.envs(settings.iter().filter(|(name, _)| env::var_os(name).is_none()).copied());
            let counted = count(&mut command, &mut std::io::stdout());
            let told = fs::read_to_string(&skipped).unwrap_or_default();
            // It is there when somebody wrote into it.
            drop(fs::remove_file(&skipped));
            let (mut outcome, status) = counted?;
            // To the test programs those that skipped themselves have passed.
            outcome.told(&told);
            let (counts, code) = judge(outcome.counts, status);
            outcome.counts = counts;
            total.0 += outcome;
            total.1 |= code;
        }
        Ok(total)
    })?;
    println!("{outcome}");
    Ok(ExitCode::from(code))
}

fn test_command(engine: &Engine, arguments: &[&str], skipped: &Path) -> Command {
    let mut command = cargo();
    command.args(["test", "--no-fail-fast"]).args(arguments);
    // A test that misses something of the machine must fail rather than be skipped; what else is skipped is told.
    command.env("DOCKER_HOST", &engine.address).env(REQUIRED, "1").env(SKIPPED, skipped);
    command
}

/// Runs the command to its end, its output on the screen and counted.
fn count(command: &mut Command, screen: &mut dyn Write) -> Result<(Outcome, ExitStatus), Failure> {
    let mut running = Running::start(command.stdout(Stdio::piped()))?;
    let mut counter = Counter::default();
    if let Some(mut output) = running.child.stdout.take() {
        let mut buffer = [0; 8192];
        while let Ok(size @ 1..) = output.read(&mut buffer) {
            counter.feed(&buffer[..size]);
            // Nobody may be reading any more; the status still counts.
            drop(screen.write_all(&buffer[..size]).and_then(|()| screen.flush()));
        }
    }
    let status = running.wait()?;
    Ok((counter.finish(), status))
}

/// The counts to close with and the exit status. What was not counted and yet failed counts as one failure.
fn judge(mut counts: Counts, status: ExitStatus) -> (Counts, u8) {
    if !status.success() && counts.failed == 0 {
        eprintln!(
            "xtask: the tests could not be built, or a test program ended without a result ({status}); see above"
        );
        counts.failed = 1;
    }
    if status.success() && counts.passed == 0 {
        eprintln!("xtask: no test has been run");
        return (counts, 1);
    }
    (counts, u8::from(!status.success()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus};

    use rstest::rstest;

    use super::{count, judge};
    use crate::counts::Counts;

    #[rstest]
    #[case::all_well(5, 0, 0, 0, 0)]
    #[case::a_test_failed(5, 1, 101, 1, 1)]
    #[case::a_program_was_killed(5, 0, 101, 1, 1)]
    #[case::nothing_ran(0, 0, 0, 0, 1)]
    fn judges(#[case] passed: u64, #[case] failed: u64, #[case] status: i32, #[case] then: u64, #[case] code: u8) {
        let counts = Counts { passed, failed, skipped: 0 };
        let expected = (Counts { passed, failed: then, skipped: 0 }, code);
        assert_eq!(judge(counts, ExitStatus::from_raw(status << 8)), expected);
    }

    #[test]
    fn counts_the_output_of_a_program_and_keeps_its_status() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured'; exit 7";
        let mut screen = Vec::new();
        let (outcome, status) = count(Command::new("sh").args(["-c", script]), &mut screen).unwrap();
        assert_eq!((outcome.counts.passed, status.code()), (2, Some(7)));
        assert!(screen.starts_with(b"test result: ok. 2 passed"));
    }
}
