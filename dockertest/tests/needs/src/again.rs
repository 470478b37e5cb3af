//! The other process of a test that needs one of its own: the same test program, with the same test alone.
//!
//! So there is no test that does nothing unless another one starts it: whatever is listed as a test is one.

use std::process::Command;

/// Set where a test is the other process. Named by those who start it with a program between.
pub const AGAIN: &str = "DOCKERTEST_TEST_AGAIN";

/// The test of that name in this test program once more, which finds [`is_again`] to be so. What it prints is not kept back.
///
/// ```no_run
/// // In a test of that name.
/// if test_needs::is_again() {
///     std::process::abort();
/// }
/// let other = test_needs::again("tests::an_abort_is_noticed").status()?;
/// assert_eq!(other.code(), None);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// The program cannot be found, for it was removed.
#[must_use]
pub fn again(test: &str) -> Command {
    let program = std::env::current_exe();
    assert!(program.is_ok(), "cannot find this test program: {program:?}");
    let mut command = Command::new(program.unwrap_or_default());
    command.args(["--exact", test, "--nocapture"]).env(AGAIN, "1");
    command
}

/// Whether this process was started by a test, by [`again`].
///
/// ```
/// assert!(!test_needs::is_again());
/// ```
#[must_use]
pub fn is_again() -> bool {
    std::env::var_os(AGAIN).is_some()
}
