//! Runs that every report is shown for.

use std::collections::BTreeMap;

use crate::journal::sample::{
    ended, ending, iteration, logged, phase, planned, run_ended, run_started, session, started, step,
};
use crate::journal::{
    EngineFacts, Event, Keyvals, Logged, PhaseStarted, PlannedStep, RebootRequested, RunInterrupted, SubsubtestEnded,
    SubsubtestStarted,
};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Evidence, Level, Phase};
use crate::verdict::Verdict;

pub(crate) type Scenario = fn() -> Vec<Event>;

/// All scenarios by name.
pub(crate) const ALL: [(&str, Scenario); 11] = [
    ("all_good", all_good),
    ("fail_with_evidence", fail_with_evidence),
    ("subsubtests", subsubtests),
    ("preset", preset),
    ("interrupted_and_resumed", interrupted_and_resumed),
    ("nasty_text", nasty_text),
    ("known_failure", known_failure),
    ("known_failure_of_a_parent", known_failure_of_a_parent),
    ("failed_clean_up", failed_clean_up),
    ("cut_off_in_a_step", cut_off_in_a_step),
    ("reboot", reboot),
];

fn engine() -> Event {
    Event::Engine(EngineFacts {
        address: "unix:///var/run/docker.sock".to_owned(),
        flavor: "docker".to_owned(),
        version: "20.10.24".to_owned(),
        api_version: "1.41".to_owned(),
        facts: BTreeMap::from([("cgroup-version".to_owned(), "2".to_owned())]),
        problem: None,
    })
}

fn keyvals(step: u32, iteration: Option<u32>, key: &str, value: &str) -> Event {
    let values = BTreeMap::from([(key.to_owned(), value.to_owned())]);
    Event::Keyvals(Keyvals { step: StepId(step), iteration, values })
}

fn run(steps: Vec<PlannedStep>, happens: Vec<Event>, verdict: Verdict) -> Vec<Event> {
    [vec![run_started(), planned(steps), engine()], happens, vec![run_ended(verdict)]].concat()
}

fn two_steps() -> Vec<PlannedStep> {
    vec![step("example", "test_1-of-2"), step("docker_cli/version", "test_2-of-2")]
}

fn example() -> Vec<Event> {
    let mut events =
        vec![started(0, 1), keyvals(0, None, "docker_path", "/usr/bin/docker"), phase(0, Phase::Initialize)];
    for number in 1..=3 {
        events.push(iteration(0, Phase::RunOnce, number, 3));
        events.push(iteration(0, Phase::PostprocessIteration, number, 3));
        events.push(keyvals(0, Some(number), "seconds", "0.5"));
    }
    events.extend([phase(0, Phase::Postprocess), phase(0, Phase::Cleanup)]);
    events.push(ended(0, ending(Verdict::Good, "")));
    events
}

fn version(end: Ending) -> Vec<Event> {
    vec![
        started(1, 1),
        phase(1, Phase::Initialize),
        phase(1, Phase::Setup),
        iteration(1, Phase::RunOnce, 1, 1),
        iteration(1, Phase::PostprocessIteration, 1, 1),
        logged(1, Level::Info, "Found docker versions client: 0.7.6 server 0.7.6"),
        logged(1, Level::Debug, "not for the screen"),
        phase(1, Phase::Cleanup),
        ended(1, end),
    ]
}

pub(crate) fn all_good() -> Vec<Event> {
    let happens = [example(), version(ending(Verdict::Good, "versions match"))].concat();
    run(two_steps(), happens, Verdict::Good)
}

fn evidence() -> Evidence {
    let text = |text: &str| Some(text.to_owned());
    Evidence {
        command: text("docker version --format '{{.Client.Version}}'"),
        expected: text("Client version: 20.10.24\nAPI version: 1.41"),
        seen: text("Client version: 20.10.23\nAPI version: 1.41"),
        difference: text("-Client version: 20.10.24\n+Client version: 20.10.23"),
        help: text("another `docker` may come first in PATH: see docker_path"),
    }
}

fn fail_with_evidence() -> Vec<Event> {
    let failure = Ending {
        phase: Some(Phase::RunOnce),
        evidence: Some(Box::new(evidence())),
        ..ending(Verdict::Fail, "the client's version is not the one that its file has")
    };
    run(two_steps(), [example(), version(failure)].concat(), Verdict::Fail)
}

/// What becomes of the sub-subtests of the first step.
fn sub(name: &str) -> Event {
    Event::SubsubtestStarted(SubsubtestStarted { step: StepId(0), subsubtest: name.to_owned() })
}

fn sub_ended(name: &str, ending: Ending) -> Event {
    Event::SubsubtestEnded(SubsubtestEnded { step: StepId(0), subsubtest: name.to_owned(), ending })
}

/// A sub-subtest that is called as its subtest. Not a scenario of all: for most reports it is nothing special.
pub(crate) fn named_alike() -> Vec<Event> {
    let happens = vec![
        started(0, 1),
        sub("one"),
        sub_ended("one", ending(Verdict::Fail, "why")),
        sub("example"),
        sub_ended("example", ending(Verdict::Good, "")),
        ended(0, ending(Verdict::Fail, "sub-subtests that failed: one")),
    ];
    run(vec![step("example", "test_1-of-1")], happens, Verdict::Fail)
}

fn subsubtests() -> Vec<Event> {
    let enter = |name: &str, phase| {
        let subsubtest = Some(name.to_owned());
        Event::PhaseStarted(PhaseStarted { step: StepId(0), subsubtest, phase, iteration: None })
    };
    let say = |name: &str, level, text: &str| {
        let subsubtest = Some(name.to_owned());
        Event::Logged(Logged { step: Some(StepId(0)), subsubtest, level, text: text.to_owned() })
    };
    let failure = Ending { evidence: Some(Box::new(evidence())), ..ending(Verdict::Fail, "the container still runs") };
    let mut parent = step("docker_cli/kill", "test_1-of-1");
    parent.disabled.insert("stress".to_owned(), "disabled in configuration (kill.ini:12)".to_owned());
    let happens = vec![
        started(0, 1),
        phase(0, Phase::Initialize),
        sub("sigstop"),
        enter("sigstop", Phase::Initialize),
        enter("sigstop", Phase::RunOnce),
        say("sigstop", Level::Warning, "the container took 5 s to stop"),
        sub_ended("sigstop", ending(Verdict::Good, "")),
        sub("bad"),
        say("bad", Level::Error, "no such signal\nat all"),
        sub_ended("bad", failure),
        sub("cut_off"),
        ended(0, ending(Verdict::Fail, "sub-subtests that failed: bad")),
    ];
    run(vec![parent], happens, Verdict::Fail)
}

fn preset() -> Vec<Event> {
    let mut steps = two_steps();
    let off = Ending::new(Verdict::TestNa, "disabled in configuration (config_custom/version.ini:3)");
    steps[1].preset = Some(off.clone());
    steps[0].kind = Kind::Pretest;
    run(steps, [example(), vec![ended(1, off)]].concat(), Verdict::TestNa)
}

fn interrupted_and_resumed() -> Vec<Event> {
    let interrupted = |reason: &str| Event::RunInterrupted(RunInterrupted { reason: reason.to_owned() });
    let mut steps = two_steps();
    steps.push(step("docker_cli/ps", "test_3-of-3"));
    let cut_off = vec![
        interrupted("SIGINT (Ctrl-C)"),
        Event::RunResumed(session()),
        started(1, 1),
        phase(1, Phase::RunOnce),
        Event::RunResumed(session()),
        ended(1, ending(Verdict::Abort, "the runner was cut off in run_once()")),
        started(2, 1),
        ended(2, ending(Verdict::Warn, "slow")),
    ];
    run(steps, [example(), cut_off].concat(), Verdict::Abort)
}

fn nasty_text() -> Vec<Event> {
    let reason = "10%\r20%\r\u{1b}[31mred\tcolumn\r\n\nTraceback:\n\tat line 3\u{b}\u{0}\u{2028}x\n";
    let happens = vec![
        started(0, 1),
        logged(0, Level::Warning, "pulling\u{1b}[2K\rpulled\nand\tmore"),
        Event::Logged(Logged { step: None, subsubtest: None, level: Level::Error, text: "engine is gone".to_owned() }),
        keyvals(0, None, "options", "one\ntwo"),
        ended(0, ending(Verdict::Error, reason)),
        started(1, 1),
        ended(1, ending(Verdict::Fail, "exit_status=1 instead of 0")),
    ];
    run(two_steps(), happens, Verdict::Error)
}

fn known_failure() -> Vec<Event> {
    let known = Ending {
        known_failure: Some("older clients show the server's version".to_owned()),
        ..ending(Verdict::Warn, "the client's version is not the server's")
    };
    run(two_steps(), [example(), version(known)].concat(), Verdict::Warn)
}

/// Of a step whose failure is known, what failed in it failed.
fn known_failure_of_a_parent() -> Vec<Event> {
    let known = Ending {
        known_failure: Some("signals are lost on this engine".to_owned()),
        ..ending(Verdict::Warn, "sub-subtests that failed: bad")
    };
    let happens = vec![
        started(0, 1),
        sub("good"),
        sub_ended("good", ending(Verdict::Good, "")),
        sub("bad"),
        sub_ended("bad", ending(Verdict::Fail, "the container still runs")),
        ended(0, known),
    ];
    run(vec![step("docker_cli/kill", "test_1-of-1")], happens, Verdict::Warn)
}

/// A step that ended worse than all in it.
fn failed_clean_up() -> Vec<Event> {
    let happens = vec![
        started(0, 1),
        sub("one"),
        sub_ended("one", ending(Verdict::Good, "")),
        sub("two"),
        sub_ended("two", ending(Verdict::Good, "")),
        ended(0, ending(Verdict::Error, "the clean-up failed")),
    ];
    run(vec![step("docker_cli/kill", "test_1-of-1")], happens, Verdict::Error)
}

fn cut_off_in_a_step() -> Vec<Event> {
    let happens = vec![started(0, 1), sub("one")];
    let interrupted = Event::RunInterrupted(RunInterrupted { reason: "SIGINT (Ctrl-C), twice".to_owned() });
    let begins = vec![run_started(), planned(vec![step("docker_cli/kill", "test_1-of-1")]), engine()];
    [begins, happens, vec![interrupted]].concat()
}

fn reboot() -> Vec<Event> {
    let wish = RebootRequested { step: StepId(0), resume_at: "after".to_owned(), reason: "a new kernel".to_owned() };
    let happens = vec![
        started(0, 1),
        phase(0, Phase::Initialize),
        Event::RebootRequested(wish),
        Event::RunInterrupted(RunInterrupted { reason: "waiting for a reboot".to_owned() }),
        Event::RunResumed(session()),
        started(0, 2),
        phase(0, Phase::RunOnce),
        ended(0, ending(Verdict::Good, "")),
    ];
    run(vec![step("example", "test_1-of-1")], happens, Verdict::Good)
}
