//! The program that stands in for the engine's command line in a trial.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::fault::{BadFault, Fault};

/// What every fault may use. It is read by bash without its start-up files, in about a millisecond.
const PRELUDE: &str = include_str!("prelude.sh");

/// The text of the program.
pub(super) fn text(fault: &Fault, docker: &str, state: &Path) -> String {
    let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| String::new(), std::borrow::Cow::into_owned);
    let state = quoted(&state.to_string_lossy());
    format!(
        "#!/bin/bash -p\n# The engine's command line with the fault `{}`. Made by dockertest.\nDOCKER={}\nFAULT_STATE={state}\n\
         {PRELUDE}{}\n# --- no fault in what comes here\nexec \"$DOCKER\" \"$@\"\n",
        fault.name,
        quoted(docker),
        fault.script.trim_end(),
    )
}

/// Writes the program.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o755).open(path)?;
    file.write_all(text.as_bytes())
}

/// Whether bash can read the program. One that it cannot read would break every command, and so be noticed by any
/// subtest.
pub(super) fn check(path: &Path, fault: &Fault) -> Result<(), BadFault> {
    let bad = |problem: String| BadFault::Script { name: fault.name.clone(), problem };
    let read = Command::new("/bin/bash").arg("-n").arg(path).stdin(Stdio::null()).output();
    let read = read.map_err(|error| bad(format!("cannot run bash: {error}")))?;
    if read.status.success() && read.stderr.is_empty() {
        return Ok(());
    }
    Err(bad(String::from_utf8_lossy(&read.stderr).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a fault around `echo`.
    fn run(script: &str, words: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let fault = Fault { name: "lies".to_owned(), script: script.to_owned() };
        let path = folder.path().join("docker");
        write(&path, &text(&fault, "/bin/echo", folder.path())).unwrap();
        check(&path, &fault).unwrap();
        // A file that was just written cannot always be run at once: a child that another test starts may have it open.
        let output = Command::new("/bin/bash").arg("-p").arg(&path).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn what_the_fault_leaves_alone_goes_to_the_real_program() {
        assert_eq!(run("# Nothing.\n", &["--debug", "run", "a b", ""]), "--debug run a b \n");
    }

    #[test]
    fn the_subcommand_is_found_behind_the_options() {
        let script = "# Tells.\necho \"<$SUBCOMMAND>\"\nexit\n";
        assert_eq!(run(script, &["-H", "unix:///x", "--log-level", "debug", "-D", "kill", "-s", "9"]), "<kill>\n");
        assert_eq!(run(script, &["--host=unix:///x", "kill"]), "<kill>\n");
        assert_eq!(run(script, &["--version"]), "<>\n");
        assert_eq!(run(script, &["--host"]), "<>\n");
    }

    #[test]
    fn the_real_program_gets_the_same_options() {
        let script = "# Kills something else.\nreal kill other\nexit\n";
        assert_eq!(run(script, &["-H", "unix:///x", "kill", "this"]), "-H unix:///x kill other\n");
    }

    #[test]
    fn a_script_that_cannot_be_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let fault = Fault { name: "lies".to_owned(), script: "# Lies.\ncase x in\n".to_owned() };
        let path = folder.path().join("docker");
        write(&path, &text(&fault, "/bin/echo", folder.path())).unwrap();
        assert!(check(&path, &fault).unwrap_err().to_string().contains("no script that bash can read"));
    }
}
