//! Listens to the runner while a subtest runs.

use std::io::{self, BufRead};
use std::process;
use std::thread;

use crate::host::CancelToken;
use crate::host::protocol::RunnerMessage;
use crate::host::serve::{RUNNER_GONE, leftover};

/// The stack of the listening thread, which does next to nothing.
const STACK_BYTES: usize = 64 * 1024;

/// Passes wishes to stop on to `cancel`. When the runner is gone, kills all children of this process and ends it.
pub(super) fn watch(requests: impl BufRead + Send + 'static, cancel: CancelToken) -> io::Result<()> {
    let listen = move || listen(requests, &cancel);
    thread::Builder::new().name("watchdog".to_owned()).stack_size(STACK_BYTES).spawn(listen).map(drop)
}

fn listen(requests: impl BufRead, cancel: &CancelToken) {
    for line in requests.split(b'\n') {
        let Ok(line) = line else { break };
        if let Ok(RunnerMessage::Cancel { reason, .. }) = serde_json::from_slice(&line) {
            cancel.cancel(reason);
        }
    }
    leftover::kill();
    process::exit(RUNNER_GONE.into());
}
