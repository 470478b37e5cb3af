//! Which command line it is: docker or podman, and its version.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// How long the program may take to tell its version.
const LIMIT: Duration = Duration::from_secs(20);

/// A command line that is being asked for its version.
#[derive(Debug)]
pub(super) struct Asked(Option<Child>);

/// What a command line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    /// `docker` or `podman`.
    pub(super) flavor: String,
    pub(super) version: String,
}

/// Begins to ask `PROGRAM --version`.
pub(super) fn ask(program: &str) -> Asked {
    let mut command = Command::new(program);
    command.arg("--version").process_group(0);
    Asked(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok())
}

impl Asked {
    /// The answer; nothing if there is none.
    pub(super) fn answer(mut self) -> Option<Client> {
        let child = self.0.as_mut()?;
        let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok()?;
        let limit = PollTimeout::try_from(LIMIT).unwrap_or(PollTimeout::MAX);
        let ended = poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], limit).is_ok_and(|ready| ready > 0);
        if !ended || !child.wait().ok()?.success() {
            return None;
        }
        let mut text = String::new();
        // A pipe holds more than a version takes.
        child.stdout.take()?.take(4096).read_to_string(&mut text).ok()?;
        parse(&text)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // Nothing happens to one that has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `Docker version 20.10.24+dfsg1, build 297e128` or `podman version 4.3.1`
fn parse(text: &str) -> Option<Client> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (flavor, version) =
            (words.next()?.to_lowercase(), words.next().filter(|word| *word == "version").and(words.next())?);
        Some(Client { flavor, version: version.trim_end_matches(',').to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Docker version 20.10.24+dfsg1, build 297e128\n", "docker", "20.10.24+dfsg1")]
    #[case("Docker version 28.2.2, build e6534b4\n", "docker", "28.2.2")]
    #[case("podman version 4.3.1\n", "podman", "4.3.1")]
    #[case("Emulate Docker CLI using podman.\npodman version 5.4.2\n", "podman", "5.4.2")]
    fn a_command_line_tells_what_it_is(#[case] text: &str, #[case] flavor: &str, #[case] version: &str) {
        assert_eq!(parse(text), Some(Client { flavor: flavor.to_owned(), version: version.to_owned() }));
    }

    #[rstest]
    #[case("/bin/true")]
    #[case("/bin/false")]
    #[case("/no/such/program")]
    fn what_is_no_command_line_has_no_answer(#[case] program: &str) {
        assert_eq!(ask(program).answer(), None);
    }
}
