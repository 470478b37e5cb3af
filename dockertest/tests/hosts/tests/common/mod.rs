//! Runs the misbehaving host and shows what became of it.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use dockertest::config::{Origin, Section, Setting};
use dockertest::host::protocol::{Folders, HostMessage, RUN_VARIABLE, RunRequest};
use dockertest::host::{CancelToken, HostProgram, Step, StepEnd, StepProcess};
use dockertest::outcome::Level;
use tempfile::TempDir;

/// A step with the misbehaving host.
pub struct Bench {
    pub folder: TempDir,
    pub request: RunRequest,
    pub limit: Duration,
    pub cleanup_limit: Duration,
    pub cancel: CancelToken,
    /// Called with every message.
    pub on_message: Box<dyn FnMut(&HostMessage)>,
}

/// What became of it.
pub struct Outcome {
    pub end: StepEnd,
    pub messages: Vec<HostMessage>,
    pub elapsed: Duration,
}

pub fn program() -> HostProgram {
    HostProgram::new(env!("CARGO_BIN_EXE_misbehave"))
}

impl Bench {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let folders = Folders { output: path.clone(), tmp: path.clone(), state: path };
        let run = format!("run-{}-{number}", std::process::id());
        let request = RunRequest::new(run, "docker/subtests/kind.test_1-of-1", Section::default(), folders);
        let cancel = CancelToken::new().unwrap();
        let (limit, cleanup_limit) = (Duration::from_secs(100), Duration::from_secs(20));
        Bench { folder, request, limit, cleanup_limit, cancel, on_message: Box::new(|_| ()) }
    }

    /// Limits as short as a busy machine allows.
    pub fn hasty(mut self) -> Self {
        self.limit = Duration::from_millis(1000);
        self.cleanup_limit = Duration::from_millis(500);
        self.set("step_timeout", "1.0");
        self
    }

    pub fn set(&mut self, option: &str, value: &str) {
        let origin = Origin::File { path: "config_custom/defaults.ini".to_owned(), line: 12 };
        self.request.section.settings.insert(option.to_owned(), Setting { value: value.to_owned(), origin });
    }

    pub fn run(&mut self, kind: &str) -> Outcome {
        let name = kind.parse().unwrap();
        let program = program();
        let (limit, cleanup_limit) = (self.limit, self.cleanup_limit);
        let step = Step::new(&program, &name, &self.request, limit, cleanup_limit);
        let mut messages = Vec::new();
        let began = Instant::now();
        let process = StepProcess::spawn(&step).unwrap();
        let on_message = &mut self.on_message;
        let end = process.run(&self.request, &self.cancel, &mut |message| {
            on_message(&message);
            messages.push(message);
        });
        let outcome = Outcome { end, messages, elapsed: began.elapsed() };
        assert_eq!(self.left_over(), Vec::<String>::new());
        outcome
    }

    pub fn run_and_show(&mut self, kind: &str) -> String {
        let outcome = self.run(kind);
        self.show(&outcome)
    }

    /// Processes of the step that live.
    pub fn left_over(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.folder.path().join("pids")).unwrap_or_default();
        let mark = format!("{RUN_VARIABLE}={}", self.request.run);
        let is_ours = |path: &PathBuf| {
            let environment = fs::read(path.join("environ")).unwrap_or_default();
            let pid = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let line = fs::read(path.join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains(&*self.folder.path().to_string_lossy()) {
                return true;
            }
            let is_noted = noted.lines().any(|noted| noted == pid) && line.ends_with(b"misbehave\0sleep\0");
            is_noted || environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        };
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        processes
            .filter(is_ours)
            .filter_map(|path| fs::read_to_string(path.join("stat")).ok())
            .filter(|stat| !stat.contains(") Z "))
            .collect()
    }

    /// The step's end, as a person would see it, without what differs from time to time.
    pub fn show(&self, outcome: &Outcome) -> String {
        let mut text = match &outcome.end {
            StepEnd::Ended(ending) => {
                let phase = ending.phase.map(|phase| format!(" [{phase}]")).unwrap_or_default();
                format!("{}{phase}: {}", ending.verdict, ending.reason)
            }
            StepEnd::Reboot { resume_at, reason } => format!("reboot, resume at {resume_at}: {reason}"),
            other => panic!("{other:?}"),
        };
        for message in &outcome.messages {
            if let HostMessage::Log { level: Level::Warning, text: warning, .. } = message {
                text.push_str(&format!("\nwarning: {warning}"));
            }
        }
        let folder = self.folder.path().display().to_string();
        let host = env!("CARGO_BIN_EXE_misbehave");
        let text = text.replace(&folder, "FOLDER").replace(host, "misbehave").replace(", core dumped", "");
        without_numbers(&text)
    }
}

/// Process ids and the numbers of threads and lines in panics differ.
fn without_numbers(text: &str) -> String {
    let mut lines = Vec::new();
    let mut in_trace = false;
    for line in text.lines() {
        in_trace = (in_trace || line == "    stack backtrace:") && line.starts_with("    ");
        if in_trace || line.starts_with("    note: run with `RUST_BACKTRACE") {
            continue;
        }
        if let Some((before, rest)) = line.split_once("which were killed: ") {
            let names: Vec<&str> = rest.split(", ").map(|one| one.split_once(' ').map_or(one, |pair| pair.1)).collect();
            lines.push(format!("{before}which were killed: PID {}", names.join(", PID ")));
        } else if line.contains("panicked at") {
            lines.push("    thread 'main' (PID) panicked at PLACE:".to_owned());
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}
