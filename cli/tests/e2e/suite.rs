//! The whole suite as it is shipped, against engines of our own: a clean one, one that is full of other people's things,
//! and one on a machine that is busy.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use dockertest::engine::daemon::{Daemon, DaemonOptions};
use dockertest::host::HostProgram;

use crate::support::{Done, Place};

/// How often the suite is run on a busy machine; `cargo xtask torture` says so.
const ROUNDS: &str = "DOCKERTEST_TORTURE_ROUNDS";

/// The image that subtests make their containers of, as the shipped configuration has it.
const TEST_IMAGE: &str = " dockertest/test:latest ";

/// An engine that nobody else uses.
pub(crate) struct Engine(pub(crate) Daemon);

impl Engine {
    /// Nothing where none can be started.
    #[track_caller]
    pub(crate) fn start() -> Option<Engine> {
        if !test_needs::root("can start an engine of its own") {
            return None;
        }
        let mut program = HostProgram::new(env!("CARGO_BIN_EXE_dockertest"));
        program.arguments = vec!["host".into()];
        Some(Engine(Daemon::start(&program, &DaemonOptions::new()).unwrap()))
    }

    /// What a command of the engine prints, trimmed.
    #[track_caller]
    fn docker(&self, arguments: &[&str]) -> String {
        let output = Command::new("docker").args(arguments).env("DOCKER_HOST", self.0.address()).output().unwrap();
        Done::from(output).expect(0).stdout.trim().to_owned()
    }

    /// All that is in the engine: ids, and the state or names that go with them.
    fn inventory(&self) -> BTreeMap<&'static str, Vec<String>> {
        let lines = |arguments: &[&str]| {
            let mut lines: Vec<String> = self.docker(arguments).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let containers = ["ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}} {{.Labels}}"];
        let images = ["images", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}} {{.Digest}}"];
        BTreeMap::from([
            ("containers", lines(&containers)),
            ("images", lines(&images)),
            ("volumes", lines(&["volume", "ls", "--format", "{{.Name}} {{.Driver}} {{.Labels}}"])),
            ("networks", lines(&["network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}} {{.Labels}}"])),
        ])
    }

    /// Fills the engine with things of other people, some of which bear names as a subtest could choose them.
    fn fill(&self, place: &Place) {
        let root = place.path("root");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        let archive = place.path("root.tar");
        let (archive, root) = (archive.to_str().unwrap(), root.to_str().unwrap());
        Done::from(Command::new("tar").args(["-cf", archive, "-C", root, "."]).output().unwrap()).expect(0);
        self.docker(&["import", archive, "foreign:latest"]);
        // One without a name, and one with many.
        self.docker(&["import", "--message", "nameless", archive]);
        for name in ["foreign:1", "foreign/deep:old", "registry.example:5000/foreign/deep/path:1.2", "test:latest"] {
            self.docker(&["tag", "foreign:latest", name]);
        }
        let create = |verb: &'static str, options: &[&str], command: &[&str]| {
            let fixed = [verb, "--network=none"];
            self.docker(&[&fixed[..], options, &["foreign:latest", "/bin/busybox"], command].concat())
        };
        let sleeper = ["--detach", "--init"];
        create("run", &[&sleeper[..], &["--name=foreign"]].concat(), &["sleep", "100000"]);
        create("run", &[&sleeper[..], &["--label=keep=yes", "--restart=always"]].concat(), &["sleep", "100000"]);
        let paused = create("run", &[&sleeper[..], &["--name=test"]].concat(), &["sleep", "100000"]);
        self.docker(&["pause", &paused]);
        create("create", &["--name=dockertest-test"], &["true"]);
        create("create", &["--name=dockertest"], &["true"]);
        create("run", &["--detach"], &["sh", "-c", "exit 3"]);
        self.docker(&["volume", "create", "foreign"]);
        self.docker(&["volume", "create"]);
        self.docker(&["network", "create", "foreign"]);
    }
}

/// What became of each step and sub-subtest, in order.
type Verdicts = Vec<(String, String)>;

/// Runs the whole suite and looks at the result.
fn run_suite(engine: &Engine, place: &Place, results: &str) -> Verdicts {
    let mut command = place.command(&["run", "--results", results]);
    let done = Done::from(command.env("DOCKER_HOST", engine.0.address()).output().unwrap());
    let results: serde_json::Value = serde_json::from_str(&place.read(&format!("{results}/results.json"))).unwrap();
    let mut verdicts = Verdicts::new();
    let mut without_reason = Vec::new();
    for step in results["steps"].as_array().unwrap() {
        let children = step["subsubtests"].as_array().unwrap();
        for (one, parent) in std::iter::once((step, None)).chain(children.iter().map(|child| (child, Some(step)))) {
            let text = |key: &str| one[key].as_str().unwrap_or_default();
            let parent = parent.map(|step| format!("{}/", step["name"].as_str().unwrap())).unwrap_or_default();
            let name = format!("{parent}{}", text("name"));
            if text("verdict") == "TEST_NA" && text("reason").is_empty() {
                without_reason.push(name.clone());
            }
            verdicts.push((name, text("verdict").to_owned()));
        }
    }
    assert_eq!(without_reason, Vec::<String>::new(), "TEST_NA without a reason");
    assert!(verdicts.iter().any(|(name, verdict)| name == "docker_cli/version" && verdict == "GOOD"), "{verdicts:?}");
    let wrong: Vec<_> =
        verdicts.iter().filter(|(_, verdict)| !matches!(verdict.as_str(), "GOOD" | "TEST_NA")).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{}", done.stdout);
    done.expect(0);
    verdicts
}

/// Nothing is new and nothing is gone, but for the image that all subtests use, which is left for the next run.
#[track_caller]
fn expect_same(before: &BTreeMap<&'static str, Vec<String>>, after: &BTreeMap<&'static str, Vec<String>>) {
    let mut differences = Vec::new();
    for (kind, had) in before {
        let has = &after[kind];
        let new = has.iter().filter(|line| !had.contains(line) && !line.contains(TEST_IMAGE));
        differences.extend(new.map(|line| format!("{kind}: new: {line}")));
        differences.extend(had.iter().filter(|line| !has.contains(line)).map(|line| format!("{kind}: gone: {line}")));
    }
    assert_eq!(differences, Vec::<String>::new());
}

/// The verdicts on a clean engine, which all others are compared with; made once.
static CLEAN: LazyLock<Option<Verdicts>> = LazyLock::new(|| {
    let engine = Engine::start()?;
    let place = Place::whole();
    let before = engine.inventory();
    let verdicts = run_suite(&engine, &place, "results/default");
    expect_same(&before, &engine.inventory());
    place.expect_no_process();
    engine.0.end().unwrap();
    Some(verdicts)
});

#[test]
fn the_whole_suite_is_good_on_a_clean_engine_and_leaves_nothing() {
    LazyLock::force(&CLEAN);
}

#[test]
fn the_whole_suite_minds_nothing_and_touches_nothing_that_others_have() {
    let Some(engine) = Engine::start() else { return };
    let place = Place::whole();
    engine.fill(&place);
    let before = engine.inventory();
    let verdicts = run_suite(&engine, &place, "results/default");
    expect_same(&before, &engine.inventory());
    assert_eq!(Some(&verdicts), CLEAN.as_ref());
}

/// How often to do what takes long; nothing without `cargo xtask torture`.
#[track_caller]
fn rounds() -> Option<u32> {
    let rounds = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).filter(|rounds| *rounds > 0);
    if rounds.is_none() {
        test_needs::skip("it takes long: `cargo xtask torture` does it");
    }
    rounds
}

#[test]
fn torture_every_subtest_catches_all_its_faults() {
    if rounds().is_none() {
        return;
    }
    let Some(engine) = Engine::start() else { return };
    let place = Place::new();
    let before = engine.inventory();
    let done = Done::from(place.command(&["faults"]).env("DOCKER_HOST", engine.0.address()).output().unwrap());
    expect_same(&before, &engine.inventory());
    assert!(done.expect(0).stdout.contains(" faults caught (100 %)"));
}

#[test]
fn torture_the_whole_suite_says_the_same_on_a_busy_machine() {
    let Some(rounds) = rounds() else { return };
    let Some(engine) = Engine::start() else { return };
    let place = Place::whole();
    let busy = Busy::start();
    let first = run_suite(&engine, &place, "results/1");
    for round in 2..=rounds {
        let verdicts = run_suite(&engine, &place, &format!("results/{round}"));
        assert_eq!(verdicts, first, "round {round}");
        eprintln!("round {round} of {rounds}: the same {} verdicts", verdicts.len());
    }
    drop(busy);
}

/// Keeps every processor busy until it is dropped.
struct Busy {
    stop: &'static AtomicBool,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Busy {
    fn start() -> Busy {
        let stop: &'static AtomicBool = Box::leak(Box::default());
        let spin = move || {
            while !stop.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        let processors = thread::available_parallelism().map_or(2, usize::from);
        Busy { stop, threads: (0..processors).map(|_| thread::spawn(spin)).collect() }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}
