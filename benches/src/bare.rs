//! The floor: starting a host for each subtest, in the same way as the runner does, and nothing else.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use dockertest::config::Configuration;
use dockertest::host::protocol::{Folders, RunRequest, RunnerMessage};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::stamps;

/// A loop that runs subtests without a runner.
#[derive(Debug)]
pub struct Bare<'a> {
    /// The host program.
    pub host: &'a Path,
    /// Environment of the host.
    pub variables: &'a [(&'static str, String)],
    /// Where the subtests' requests come from.
    pub configuration: &'a Configuration,
    /// The folder that all subtests work in. It exists.
    pub folder: &'a Path,
}

impl Bare<'_> {
    /// Runs these subtests, one after the other. Gives back when each was about to be started, and what the last one
    /// said.
    ///
    /// # Errors
    /// A host cannot be started or does not end well.
    pub fn run(&self, names: &[String]) -> io::Result<(Vec<Duration>, String)> {
        let mut begins = Vec::with_capacity(names.len());
        let mut said = Vec::new();
        for name in names {
            let request = self.request(name)?;
            begins.push(stamps::now());
            said = self.run_one(name, &request)?;
        }
        Ok((begins, String::from_utf8_lossy(&said).into_owned()))
    }

    fn run_one(&self, name: &str, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut child = Command::new(self.host)
            .args(["run", name])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(stdin) = &mut child.stdin {
            stdin.write_all(request)?;
        }
        let said = read_all(&mut child)?;
        // Not before its end: the end of its standard input would tell the host that its runner is gone.
        let status = child.wait()?;
        if status.success() { Ok(said) } else { Err(io::Error::other(format!("the host ended badly: {status}"))) }
    }

    fn request(&self, name: &str) -> io::Result<Vec<u8>> {
        let folder = || self.folder.to_owned();
        let folders = Folders { output: folder(), tmp: folder(), state: folder() };
        let step = format!("docker/subtests/{name}.test_1-of-1");
        let request = RunRequest::new("bare", step, self.configuration.section(name), folders);
        let mut line = serde_json::to_vec(&RunnerMessage::Run(Box::new(request)))?;
        line.push(b'\n');
        Ok(line)
    }
}

/// Reads both pipes to their ends; gives back what came from standard output.
fn read_all(child: &mut Child) -> io::Result<Vec<u8>> {
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let (mut said, mut buffer) = (Vec::new(), [0; 16 << 10]);
    while stdout.is_some() || stderr.is_some() {
        let (out_ready, err_ready) = wait(stdout.as_ref(), stderr.as_ref())?;
        if out_ready && let Some(pipe) = &mut stdout {
            match pipe.read(&mut buffer)? {
                0 => stdout = None,
                bytes => said.extend_from_slice(&buffer[..bytes]),
            }
        }
        if err_ready
            && let Some(pipe) = &mut stderr
            && pipe.read(&mut buffer)? == 0
        {
            stderr = None;
        }
    }
    Ok(said)
}

fn wait(stdout: Option<&ChildStdout>, stderr: Option<&ChildStderr>) -> io::Result<(bool, bool)> {
    let pipes = [stdout.map(AsFd::as_fd), stderr.map(AsFd::as_fd)];
    let mut fds: Vec<PollFd<'_>> = pipes.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    poll(&mut fds, PollTimeout::NONE)?;
    let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
    let mut next = |is_open: bool| is_open && ready.next().unwrap_or(false);
    Ok((next(pipes[0].is_some()), next(pipes[1].is_some())))
}
