//! A clean folder and the program under test, with nothing left of either at the end.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Arguments that make instances which are all this machine.
pub(crate) const CALLOUTS: [&str; 7] = [
    "--env=callout",
    "--set",
    "environment.instance_provision=for number in $(seq $INSTANCE_COUNT); do echo one-$$-$number; done",
    "--set",
    "environment.instance_execute=$COMMAND",
    "--set",
    "environment.instance_dispose=true",
];

/// A working folder of its own in which the program is run with the built-in configuration. At the end it is removed, and
/// what still runs of it is killed: a test may kill a runner, whose clients are nobody's then.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    is_whole: bool,
}

/// What a finished program left: its status and both outputs as text.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// Runs have the subtests that are named, without the tests before them and after each.
    pub(crate) fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), is_whole: false }
    }

    /// Runs are as they are shipped.
    pub(crate) fn whole() -> Self {
        let mut place = Place::new();
        place.is_whole = true;
        place
    }

    /// The same with an environment variable for the program.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, making its folders.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes an executable shell script. One of that name may just be run: nobody can write to that.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        let made = self.path(&format!("{name}.new"));
        fs::create_dir_all(made.parent().unwrap()).unwrap();
        test_needs::script(&made, &format!("#!/bin/sh\n{body}\n"));
        let path = self.path(name);
        fs::rename(made, &path).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program with these arguments, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockertest"));
        command.args(arguments);
        if arguments.first() == Some(&"run") && !self.is_whole {
            command.args(["--set", "Control.pretests=", "--set", "Control.intratests="]);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        // Plug-ins of whoever runs the tests are not ours.
        command.env("XDG_DATA_HOME", self.path("xdg/data")).env("XDG_CACHE_HOME", self.path("xdg/cache"));
        // Without a name for it, an engine of our own would be the one under test.
        if std::env::var_os("DOCKER_HOST").is_none() {
            command.env("DOCKER_HOST", "unix:///var/run/docker.sock");
        }
        command.env("TZ", "UTC").env_remove("NO_COLOR").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        Done::from(self.command(arguments).output().unwrap())
    }

    /// The parsed `results.json` of the default results folder.
    pub(crate) fn results(&self) -> serde_json::Value {
        serde_json::from_str(&self.read("results/default/results.json")).unwrap()
    }

    /// The verdict and reason of each step of the default results folder.
    pub(crate) fn verdicts(&self) -> Vec<(String, String, String)> {
        let text = |step: &serde_json::Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
        let results = self.results();
        let steps = results["steps"].as_array().unwrap();
        steps.iter().map(|step| (text(step, "name"), text(step, "verdict"), text(step, "reason"))).collect()
    }

    /// Fails when a process is left of what was run here.
    #[track_caller]
    pub(crate) fn expect_no_process(&self) {
        let left: Vec<String> = self.processes().map(|(pid, command)| format!("{pid} {command}")).collect();
        assert_eq!(left, Vec::<String>::new(), "left over");
    }

    /// The id and command line of each process that was run here: each has the name of the folder, which nobody else
    /// knows, in its command line or its environment.
    fn processes(&self) -> impl Iterator<Item = (i32, String)> {
        let needle = self.path("").display().to_string();
        let ids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(move |pid: i32| {
            let text = |file: &str| {
                let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).replace('\0', " ")
            };
            let command = text("cmdline");
            (command.contains(&needle) || text("environ").contains(&needle)).then_some((pid, command))
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A process may start another one before it is killed, but not without end.
        for _ in 0..10 {
            let mut is_clean = true;
            for (pid, _) in self.processes() {
                // Held before it is looked at once more, so that it cannot be another process of the same id.
                let held = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
                if let Some(held) = held
                    && self.processes().any(|(again, _)| again == pid)
                {
                    is_clean = false;
                    // It may have ended meanwhile.
                    let _ = pidfd_send_signal(held, Signal::KILL);
                }
            }
            if is_clean {
                break;
            }
        }
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let status = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Done {
    /// Fails with both outputs when the status is another one.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}
