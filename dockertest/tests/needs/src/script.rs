//! Scripts that a test writes and runs.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Writes a file that can be run at once.
///
/// Another process writes it. A child that another test starts has all files that are open here until it runs its own
/// program, and the kernel runs no file that somebody can write to: "Text file busy".
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let hello = folder.path().join("hello");
/// test_needs::script(&hello, "#!/bin/sh\necho hello\n");
/// assert_eq!(std::process::Command::new(hello).output()?.stdout, b"hello\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// It cannot be written.
#[track_caller]
pub fn script(path: &Path, text: &str) {
    let mut writer = Command::new("/bin/sh");
    writer.args(["-c", "cat >\"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let written = writer.spawn().and_then(|mut writer| {
        // Closed before it is waited for.
        let told = writer.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
        writer.wait().and_then(|status| told.map(|()| status))
    });
    assert!(written.as_ref().is_ok_and(ExitStatus::success), "cannot write {}: {written:?}", path.display());
}
