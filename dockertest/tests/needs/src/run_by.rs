//! Commands that are run in another way than as children of a test.

use std::process::Command;

/// Words that begin a command whose SIGHUP is as by default: the tests themselves may have been started by `nohup`, and
/// children inherit that it is ignored.
pub const HANGS_UP: [&str; 2] = ["env", "--default-signal=HUP"];

/// A command that another one runs, which these words begin.
///
/// ```
/// let mut there = std::process::Command::new("pwd");
/// there.current_dir("/");
/// assert_eq!(test_needs::run_by(&["env", "-u", "PWD"], &there).output()?.stdout, b"/\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// There are no words.
#[must_use]
pub fn run_by(words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(words[0]);
    outer.args(&words[1..]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}
