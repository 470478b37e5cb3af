//! What a runner that was cut off left behind is found, and nothing else is touched.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use dockertest::host::protocol::RUN_VARIABLE;
use dockertest::host::sweep;

/// A shell with a child that has an empty environment; both are there when this returns.
fn start(run: &str) -> Child {
    let script = "env -i sleep 1000 & echo; wait";
    let mut command = Command::new("sh");
    let mut child = command.args(["-c", script]).env(RUN_VARIABLE, run).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    child
}

#[test]
fn processes_of_the_run_and_their_children_are_killed_and_no_others() {
    let run = format!("swept-{}", std::process::id());
    let mut ours = start(&run);
    let mut other = start(&format!("{run}-other"));
    let killed = sweep(&run);
    let pids: Vec<u32> = killed.iter().map(|process| process.pid).collect();
    assert!(pids.contains(&ours.id()) && pids.len() == 2, "{killed:?}");
    assert_eq!(ours.wait().unwrap().signal(), Some(9));
    assert_eq!(sweep(&run), []);
    assert_eq!(other.try_wait().unwrap(), None);
    assert_eq!(sweep(&format!("{run}-other")).len(), 2);
    other.wait().unwrap();
}
