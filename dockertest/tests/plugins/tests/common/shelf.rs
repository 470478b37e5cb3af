//! The package whose subtests are tests of cargo.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::common::{built, cargo, outside};

/// Longer than anything here takes but for building, and shorter than patience.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where tests of the package write, for one test of ours.
pub struct Shelf(TempDir);

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Done {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Done {
    /// Itself, if it ended so.
    pub fn expect(self, status: i32) -> Done {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The line of the standard output that begins so, with blanks in a row made one.
    pub fn line(&self, begin: &str) -> String {
        let one_blank = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = self.stdout.lines().map(one_blank).find(|line| line.starts_with(begin));
        found.unwrap_or_else(|| panic!("no line begins with `{begin}` in\n{}\n{}", self.stdout, self.stderr))
    }
}

impl Shelf {
    pub fn new() -> Shelf {
        Shelf(tempfile::tempdir().unwrap())
    }

    /// Where subtests meet each other, and this test.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Cargo in the package, with these words, and with options for subtests.
    pub fn cargo(&self, words: &[&str], set: &[&str]) -> Command {
        let place = self.path().display();
        let places = ["meets/one", "meets/other", "waits"].map(|name| format!("shelf/{name}.meeting_place={place}"));
        let mut command = cargo();
        command.args(words).current_dir(outside("shelf")).env("CARGO_TARGET_DIR", built());
        command.env("DOCKERTEST_RESULTS", self.path().join("results"));
        command.env("DOCKERTEST_SET", [&places.join(" "), set.join(" ").as_str()].join(" "));
        command
    }

    /// `cargo test`, with these words for the test program.
    pub fn command(&self, words: &[&str], set: &[&str]) -> Command {
        self.cargo(&[&["test", "--quiet", "--test", "subtests", "--"], words].concat(), set)
    }

    /// Runs that.
    pub fn test(&self, words: &[&str], set: &[&str]) -> Done {
        self.command(words, set).output().unwrap().into()
    }

    /// The test program by itself, without options but where the subtest `shelf/waits` tells that it waits.
    pub fn program(&self, words: &[&str]) -> Command {
        let build = ["test", "--no-run", "--message-format", "json", "--test", "subtests"];
        let build = Done::from(self.cargo(&build, &[]).output().unwrap()).expect(0);
        let messages = build.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let path =
            messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back().unwrap();
        let mut command = Command::new(path);
        command.args(words).current_dir(self.path()).env("DOCKERTEST_RESULTS", self.path().join("results"));
        command.env("DOCKERTEST_SET", format!("shelf/waits.meeting_place={}", self.path().display()));
        command
    }

    /// The results of a test's first run.
    pub fn results(&self, name: &str) -> PathBuf {
        self.path().join("results/shelf-subtests-subtests").join(name.replace('/', ".")).join("1")
    }

    /// Waits until the subtest `shelf/waits` waits; gives back its process and that of its child.
    pub fn waiting(&self) -> Vec<i32> {
        let told = self.path().join("waiting");
        // The package may have to be built first.
        test_needs::wait_at_most(10 * PATIENCE, "the subtest waits", || told.exists());
        let text = fs::read_to_string(told).unwrap();
        text.split(' ').map(|pid| pid.parse().unwrap()).collect()
    }

    /// Waits until all that `shelf/waits` has started is gone, and says whether it has tidied up.
    pub fn has_tidied(&self, pids: &[i32]) -> bool {
        let is_gone = |pid: &i32| kill(Pid::from_raw(*pid), None) == Err(Errno::ESRCH);
        test_needs::wait_until("the subtest and its child are gone", || pids.iter().all(is_gone));
        self.path().join("tidied").exists()
    }
}
