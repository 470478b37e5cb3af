//! Waiting for what has no event.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that a test waits for: so long that only what never comes takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a condition is left alone. Short beside what tests do, and long enough that looking is no work.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until that is so. For what nobody tells of: that a file is there, that a process of somebody else's is gone, that
/// the kernel has let go of a group. What can be waited for, as output, an exit or a lock, is better waited for.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let mut child = std::process::Command::new("touch").arg(folder.path().join("there")).spawn()?;
/// test_needs::wait_until("it is there", || folder.path().join("there").exists());
/// child.wait()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// It is not so within a minute.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    wait_at_most(PATIENCE, what, is_so);
}

/// Waits until both are equal: an `assert_eq` with patience, which tells what is different at the end.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let mut child = std::process::Command::new("rmdir").arg(folder.path()).spawn()?;
/// let left = || Vec::from_iter(folder.path().exists().then_some(folder.path()));
/// test_needs::wait_until_eq("nothing is left", left, &Vec::new());
/// child.wait()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// They are not within a minute.
#[track_caller]
pub fn wait_until_eq<T: PartialEq + Debug>(what: &str, mut seen: impl FnMut() -> T, expected: &T) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = seen();
        if now == *expected {
            return;
        }
        if Instant::now() >= deadline {
            assert_eq!(now, *expected, "not so within {PATIENCE:?}: {what}");
        }
        thread::sleep(PAUSE);
    }
}

/// As [`wait_until`], with a limit of its own, for what takes longer than a minute, such as building a package.
///
/// ```
/// let begun = std::time::Instant::now();
/// let limit = std::time::Duration::from_secs(600);
/// test_needs::wait_at_most(limit, "a moment is over", || begun.elapsed().as_millis() > 1);
/// ```
///
/// # Panics
/// It is not so within the limit.
#[track_caller]
pub fn wait_at_most(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_so() {
        assert!(Instant::now() < deadline, "not so within {limit:?}: {what}");
        thread::sleep(PAUSE);
    }
}
