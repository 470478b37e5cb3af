//! The host of the tests: a host program whose subtests do as their names say.

use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use dockertest::host::protocol::{Hello, HostMessage, Mode, RunRequest, RunnerMessage, SubtestInfo};
use dockertest::journal::Iteration;
use dockertest::name::Kind;
use dockertest::outcome::{Ending, Level, Phase};
use dockertest::verdict::Verdict;

use crate::instances::VARIABLE;

/// The subtests besides `step/00` to `step/19`: name, kind, sub-subtests.
const SUBTESTS: [(&str, Kind, &str); 10] = [
    ("pre", Kind::Pretest, ""),
    ("good", Kind::Subtest, ""),
    ("fail", Kind::Subtest, ""),
    ("parent", Kind::Subtest, "a b"),
    ("slow", Kind::Subtest, ""),
    ("stubborn", Kind::Subtest, ""),
    ("reboot", Kind::Subtest, ""),
    ("needs_engine", Kind::Subtest, ""),
    ("flood", Kind::Subtest, ""),
    ("deaf", Kind::Subtest, ""),
];

/// Subtests that are there only for who asks for them.
const AROUND: [(&str, Kind, &str); 9] = [
    ("flaky", Kind::Subtest, ""),
    ("breaks", Kind::Subtest, ""),
    ("taint/a", Kind::Subtest, ""),
    ("taint/b", Kind::Subtest, ""),
    ("tainted/by_one", Kind::Subtest, ""),
    ("tainted/by_both", Kind::Subtest, ""),
    ("intra_one", Kind::Intratest, ""),
    ("intra_two", Kind::Intratest, ""),
    ("post", Kind::Posttest, ""),
];

pub(crate) fn main(arguments: &[&str]) -> ExitCode {
    if let [.., "facts", _, path, _] = arguments {
        let instance = std::env::var(VARIABLE).unwrap();
        println!("{}", serde_json::json!({"address": instance, "version": path}));
        return ExitCode::SUCCESS;
    }
    say(&HostMessage::Hello(Hello::new("test host")));
    match arguments {
        ["list"] => list(&|name| AROUND.iter().all(|(around, ..)| *around != name)),
        ["around", "list"] => list(&|_| true),
        ["without", missing, "list"] => {
            list(&|name| name != *missing && AROUND.iter().all(|(around, ..)| *around != name));
        }
        [.., "run", name] => run(name),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn say(message: &HostMessage) {
    let mut line = serde_json::to_vec(message).unwrap();
    line.push(b'\n');
    // The runner may be gone: then the end of standard input ends this process.
    let _ = std::io::stdout().write_all(&line);
}

fn list(is_held: &dyn Fn(&str) -> bool) {
    let steps = (0..20).map(|number| (format!("step/{number:02}"), Kind::Subtest, ""));
    let others = SUBTESTS.iter().chain(&AROUND).map(|(name, kind, children)| ((*name).to_owned(), *kind, *children));
    let mut subtests = 0;
    for (name, kind, children) in steps.chain(others).filter(|(name, ..)| is_held(name)) {
        subtests += 1;
        let mut info = SubtestInfo::new(name.parse().unwrap());
        info.needs_engine = name == "needs_engine";
        info.kind = kind;
        info.subsubtests = children.split_whitespace().map(str::to_owned).collect();
        say(&HostMessage::Subtest(info));
    }
    say(&HostMessage::Listed { subtests });
}

/// A step: what it was asked, and when it is to stop.
struct Step {
    request: Box<RunRequest>,
    cancelled: Receiver<String>,
}

fn run(name: &str) {
    if name == "deaf" {
        return be_deaf();
    }
    let (send, requests) = channel();
    let (cancel, cancelled) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line).unwrap() {
                RunnerMessage::Run(request) => send.send(request).unwrap(),
                RunnerMessage::Cancel { reason, .. } => cancel.send(reason).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        // The runner is gone, and so must this process be; what it started is left for the sweep on purpose.
        std::process::exit(3);
    });
    let step = Step { request: requests.recv().unwrap(), cancelled };
    match &step.request.mode {
        Mode::Cleanup { .. } => step.clean_up(),
        _ => step.run(name),
    }
}

/// Hears the request and nothing else: writing to its standard input fails.
fn be_deaf() {
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    nix::unistd::close(0).unwrap();
    say(&HostMessage::Phase {
        subsubtest: None,
        phase: Phase::RunOnce,
        iteration: Some(Iteration { number: 1, of: 1 }),
    });
    loop {
        std::thread::park();
    }
}

impl Step {
    fn run(&self, name: &str) {
        self.witness(&format!("run {name} {}", serde_json::to_string(&self.request.mode).unwrap()));
        self.tell_place();
        self.enter(Phase::Initialize, None);
        match name {
            "fail" => self.end(Verdict::Fail, "the engine broke its promise"),
            "parent" => self.parent(),
            "slow" => self.wait_for_cancel(),
            "stubborn" => self.stay(),
            "reboot" => self.reboot(),
            "needs_engine" => self.end(Verdict::Good, &self.request.engine.as_ref().unwrap().version),
            "flood" => self.flood(),
            "breaks" => self.break_instance(),
            "flaky" => self.pass_the_third_time(),
            name if name.starts_with("step/") => self.work(),
            "tainted/by_one" => self.fail_if_tainted(&["a"]),
            "tainted/by_both" => self.fail_if_tainted(&["a", "b"]),
            name if name.starts_with("taint/") => self.taint(name),
            _ => self.end(Verdict::Good, ""),
        }
    }

    /// Some work with a process that would outlive this one.
    fn work(&self) {
        let mut sleeper = sleeper();
        for number in 1..=3 {
            self.enter(Phase::RunOnce, Some((number, 3)));
            if self.is_cancelled_within(Duration::from_millis(1)) {
                break;
            }
        }
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        self.enter(Phase::Cleanup, None);
        self.end(Verdict::Good, "");
    }

    /// Where it is, and after what: for who compares that with the journal.
    fn tell_place(&self) {
        let history = &self.request.history;
        let there = std::env::var(VARIABLE).ok();
        assert_eq!(there, history.instance);
        if let Some(previous) = &history.previous {
            let text = format!("after {previous}");
            say(&HostMessage::Log { subsubtest: None, level: Level::Info, text });
        }
    }

    fn pass_the_third_time(&self) {
        let witness = std::fs::read_to_string(self.request.folders.state.join("witness")).unwrap();
        let passes = witness.matches("run flaky").count() == 3;
        let (verdict, reason) =
            if passes { (Verdict::Good, "") } else { (Verdict::Fail, "the engine is in a bad mood") };
        self.end(verdict, reason);
    }

    /// Leaves something in the instance that others stumble over.
    fn taint(&self, name: &str) {
        std::fs::write(self.taint_of(name.trim_start_matches("taint/")), "").unwrap();
        self.end(Verdict::Good, "");
    }

    fn fail_if_tainted(&self, by: &[&str]) {
        let tainted = by.iter().all(|name| self.taint_of(name).exists());
        self.end(if tainted { Verdict::Fail } else { Verdict::Good }, "");
    }

    fn taint_of(&self, name: &str) -> std::path::PathBuf {
        let instance = self.request.history.instance.clone().unwrap_or_default();
        self.request.folders.state.join(format!("taint-{instance}-{name}"))
    }

    /// Breaks the instance.
    fn break_instance(&self) {
        let broken = self.request.folders.state.join("broken");
        std::fs::create_dir_all(&broken).unwrap();
        std::fs::write(broken.join(self.request.history.instance.as_ref().unwrap()), "").unwrap();
        self.end(Verdict::Fail, "the engine does not answer");
    }

    fn stay(&self) {
        self.note_container();
        loop {
            self.enter(Phase::RunOnce, Some((2, 3)));
            std::thread::park();
        }
    }

    /// What a command like `docker run --cidfile` leaves for the clean-up.
    fn note_container(&self) {
        std::fs::write(self.request.folders.tmp.join("cid"), "").unwrap();
    }

    fn knows_container(&self) -> bool {
        self.request.folders.tmp.join("cid").exists()
    }

    fn wait_for_cancel(&self) {
        self.enter(Phase::RunOnce, Some((2, 3)));
        say(&HostMessage::SubsubtestStarted { subsubtest: "child".to_owned() });
        let reason = self.cancelled.recv().unwrap();
        self.clean_up_phase();
        self.end(Verdict::Abort, &format!("interrupted: {reason}"));
    }

    fn parent(&self) {
        for subsubtest in self.request.subsubtests.clone().unwrap_or(vec!["a".to_owned(), "b".to_owned()]) {
            say(&HostMessage::SubsubtestStarted { subsubtest: subsubtest.clone() });
            let ending = Ending::new(Verdict::Good, "");
            say(&HostMessage::SubsubtestEnded { subsubtest, ending });
        }
        self.end(Verdict::Good, "");
    }

    fn reboot(&self) {
        match &self.request.mode {
            Mode::Resume { resume_at, rebooted } => {
                let verdict = if self.knows_container() { Verdict::Good } else { Verdict::Fail };
                self.end(verdict, &format!("{resume_at} {rebooted}"));
            }
            _ => {
                self.note_container();
                say(&HostMessage::Reboot { resume_at: "after".to_owned(), reason: "new kernel".to_owned() });
            }
        }
    }

    /// More log than a small disk holds, and then silence.
    fn flood(&self) {
        for _ in 0..2000 {
            let text = "x".repeat(4000);
            say(&HostMessage::Log { subsubtest: None, level: Level::Info, text });
        }
        self.cancelled.recv().unwrap();
    }

    fn clean_up(&self) {
        self.clean_up_phase();
        if self.knows_container() {
            self.witness("it knows the container");
        }
        self.end(Verdict::Good, "");
    }

    fn clean_up_phase(&self) {
        self.enter(Phase::Cleanup, None);
        self.witness(&format!("cleanup {}", self.request.section.name));
    }

    fn is_cancelled_within(&self, time: Duration) -> bool {
        !matches!(self.cancelled.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    fn enter(&self, phase: Phase, iteration: Option<(u32, u32)>) {
        let iteration = iteration.map(|(number, of)| Iteration { number, of });
        say(&HostMessage::Phase { subsubtest: None, phase, iteration });
    }

    fn end(&self, verdict: Verdict, reason: &str) {
        say(&HostMessage::Ended(Ending::new(verdict, reason)));
    }

    /// Writes down what this process does, where nobody but the test looks.
    fn witness(&self, line: &str) {
        let path = Path::new(&self.request.folders.state).join("witness");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

fn sleeper() -> Child {
    Command::new(std::env::current_exe().unwrap())
        .arg("sleeper")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
