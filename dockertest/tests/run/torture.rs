//! A runner that is killed at random moments and resumed each time loses nothing and does nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dockertest::host::CancelToken;
use dockertest::journal::{Event, FILE_NAME};
use dockertest::report::{self, Format};
use dockertest::run::{FolderFailure, ResultsFolder, ResumeFailure, Resumption, Runner, RunnerBuilder};
use dockertest::verdict::Verdict;

use crate::Test;
use crate::instances::Instances;
use crate::support::{Place, events, host, layers, processes_of};

pub(crate) const TESTS: &[Test] = &[
    ("torture::nothing_is_lost_or_done_twice_by_kills", nothing_is_lost_or_done_twice_by_kills),
    ("torture::kills_of_a_parallel_run_lose_nothing_either", kills_of_a_parallel_run_lose_nothing_either),
];

const STEPS: usize = 20;
const SECRET: &str = "step/00.password=topsecret";

/// `runner RESULTS STATE ARGS`: goes on with the run in a folder, or begins it.
pub(crate) fn runner_main(arguments: &[&str]) -> ExitCode {
    in_role(arguments, |builder, _| builder)
}

/// The role of a runner with three workers.
const PARALLEL: &str = "parallel-runner";

/// `parallel-runner RESULTS STATE ARGS`: the same with three workers, and an instance for each step. What was cut off is run
/// again, so that all ends as if nobody had killed anything.
pub(crate) fn parallel_runner_main(arguments: &[&str]) -> ExitCode {
    let jobs = NonZeroUsize::new(3).unwrap();
    in_role(arguments, |builder, _| {
        builder.provider(Arc::new(Instances::for_one_step())).jobs(jobs).retry_interrupted(true)
    })
}

/// The same with a runner of any kind; `change` is told the folder of its state, too.
pub(crate) fn in_role(arguments: &[&str], change: impl Fn(RunnerBuilder, &Path) -> RunnerBuilder) -> ExitCode {
    let [results, state, args] = arguments else { return ExitCode::FAILURE };
    let (results, state) = (Path::new(results), Path::new(state));
    match go_on(results, state, args, |builder| change(builder, state)) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}

fn go_on(
    results: &Path,
    state: &Path,
    args: &str,
    change: impl Fn(RunnerBuilder) -> RunnerBuilder,
) -> Result<u8, String> {
    let cancel = CancelToken::new().unwrap();
    let runner = |args: &[String], set: &[String]| {
        let layers = set.iter().fold(layers("[Control]\nexclude = pre\n"), |layers, set| layers.set(set));
        let builder = Runner::builder().layers(layers).host(host(&[])).args(args).state(state).without_engine();
        change(builder).build().unwrap()
    };
    match Resumption::open(results) {
        Ok(resumption) => {
            // A complete run has forgotten its secrets.
            assert!(resumption.outcome().is_some() || resumption.invocation().set == [SECRET]);
            let runner = runner(&resumption.invocation().args, &resumption.invocation().set);
            runner.resume(resumption, &cancel).map(|outcome| outcome.exit_status()).map_err(|e| e.to_string())
        }
        Err(ResumeFailure::Folder(FolderFailure::NoRun { .. }) | ResumeFailure::Broken(_)) => {
            let runner = runner(&[args.to_owned()], &[SECRET.to_owned()]);
            let plan = runner.plan().map_err(|failure| failure.to_string())?;
            let (folder, _) = ResultsFolder::create(results).map_err(|failure| failure.to_string())?;
            runner.execute(plan, folder, &cancel).map(|outcome| outcome.exit_status()).map_err(|e| e.to_string())
        }
        Err(failure) => Err(failure.to_string()),
    }
}

fn start_in_role(role: &str, results: &Path, state: &Path, args: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([role, results.to_str().unwrap(), state.to_str().unwrap(), args]);
    command.spawn().unwrap()
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn nothing_is_lost_or_done_twice_by_kills() {
    torture("runner", &|_| {});
}

fn kills_of_a_parallel_run_lose_nothing_either() {
    torture(PARALLEL, &|_| {});
}

/// Kills runners in a role, and checks what comes of it, also with a check of the caller's own.
pub(crate) fn torture(role: &str, check_more: &dyn Fn(&Place)) {
    let wanted = number_from("DOCKERTEST_TORTURE_KILLS").map_or(10, |number| u32::try_from(number).unwrap());
    let mut dice = Dice(number_from("DOCKERTEST_TORTURE_SEED").unwrap_or(0x2545_F491_4F6C_DD1D));
    let (mut kills, mut runs, mut cut_off) = (0, 0, 0);
    let whole_us = u64::try_from(time_of_a_whole_run(role).as_micros()).unwrap();
    while kills < wanted {
        let place = Place::new();
        kills += torment(role, &place, &mut || Duration::from_micros(dice.below(whole_us)), wanted - kills);
        cut_off += check(role, &place);
        check_more(&place);
        runs += 1;
    }
    println!("  {kills} kills in {runs} runs, {cut_off} steps were cut off");
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}

/// How long a run takes that nobody kills, so that kills hit all of it on any machine.
fn time_of_a_whole_run(role: &str) -> Duration {
    let place = Place::new();
    let began = Instant::now();
    torment(role, &place, &mut || Duration::ZERO, 0);
    assert_eq!(check(role, &place), 0);
    began.elapsed()
}

/// Runs to the end, with at most so many kills; gives back how many there were.
fn torment(role: &str, place: &Place, moment: &mut dyn FnMut() -> Duration, at_most: u32) -> u32 {
    let names: Vec<_> = (0..STEPS).map(|number| format!("step/{number:02}")).collect();
    let mut kills = 0;
    loop {
        let mut runner = start_in_role(role, &place.results(), &place.state(), &names.join(","));
        if kills == at_most {
            let status = runner.wait().unwrap();
            assert!(matches!(status.code(), Some(0 | 1)), "{status}");
            return kills;
        }
        // Not a wait for something: the moment of the kill has to be any.
        std::thread::sleep(moment());
        if let Some(status) = runner.try_wait().unwrap() {
            assert!(matches!(status.code(), Some(0 | 1)), "{status}");
            return kills;
        }
        runner.kill().unwrap();
        runner.wait().unwrap();
        kills += 1;
    }
}

/// Checks that everything is there once, in a parallel run also that it ended as if nobody had killed anything; gives back
/// how many steps were cut off.
fn check(role: &str, place: &Place) -> usize {
    let events = events(&place.results());
    let Event::RunStarted(started) = &events[0] else { panic!("{:?}", events[0]) };
    let witness = place.witness();
    let mut verdicts = BTreeMap::new();
    for event in &events {
        if let Event::StepEnded(ended) = event {
            let twice = verdicts.insert(ended.step.index(), ended.ending.clone());
            assert_eq!(twice, None, "step {} ended twice", ended.step);
        }
    }
    assert_eq!(verdicts.len(), STEPS);
    let mut cut_off = 0;
    for (number, ending) in &verdicts {
        let ran = witness.matches(&format!("run step/{number:02} ")).count();
        let cleaned = witness.matches(&format!("cleanup step/{number:02}\n")).count();
        match ending.verdict {
            Verdict::Good if role == PARALLEL => {
                assert!((1..=1 + cleaned).contains(&ran), "step {number} ran {ran} times, cleaned {cleaned} times");
                cut_off += usize::from(cleaned > 0);
            }
            Verdict::Good => assert_eq!((ran, cleaned), (1, 0), "step {number}"),
            Verdict::Abort if role != PARALLEL => {
                cut_off += 1;
                assert!(ending.reason.starts_with("interrupted ") && ending.reason.ends_with("the runner was killed"));
                assert!(ran <= 1 && cleaned >= 1, "step {number} ran {ran} times and was cleaned {cleaned} times");
            }
            _ => panic!("step {number}: {ending:?}"),
        }
    }
    check_reports(&place.results(), &events);
    check_instances(&events);
    assert_eq!(processes_of(&started.run), Vec::<String>::new());
    cut_off
}

/// Every instance that was made is told to be gone, in this process or a later one.
fn check_instances(events: &[Event]) {
    let mut open = BTreeSet::new();
    for event in events {
        match event {
            Event::InstanceProvisioned(made) => assert!(open.insert(&made.instance), "{} twice", made.instance),
            Event::InstanceDisposed(gone) => assert!(open.remove(&gone.instance), "{} was not there", gone.instance),
            _ => {}
        }
    }
    assert_eq!(open, BTreeSet::new());
}

fn check_reports(results: &Path, events: &[Event]) {
    let status = fs::read_to_string(results.join("status")).unwrap();
    for number in 0..STEPS {
        let place = format!("\tdocker/subtests/step/{number:02}.");
        let ends = status.lines().filter(|line| line.trim_start().starts_with("END ") && line.contains(&place));
        assert_eq!(ends.count(), 1, "{status}");
    }
    let mut again = Vec::new();
    report::write(results, Format::Status, &mut again).unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), status);
    assert!(matches!(events.last(), Some(Event::RunEnded(_))));
    assert!(!results.join("tmp").exists() && !results.join("secrets.json").exists());
    let journal: PathBuf = results.join(FILE_NAME);
    assert!(!fs::read_to_string(journal).unwrap().contains("topsecret"));
}
