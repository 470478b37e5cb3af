//! A wish to stop that any thread, or a signal handler, may utter, and that `poll` can wait for.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::Signal;

/// How urgent it is to stop.
///
/// ```
/// use dockertest::host::CancelLevel;
///
/// assert!(CancelLevel::None < CancelLevel::Graceful && CancelLevel::Graceful < CancelLevel::Now);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CancelLevel {
    /// Nobody wants to stop.
    None,
    /// Stop soon: what is running is asked to stop and to clean up.
    Graceful,
    /// Stop now: what is running is killed, and its clean-up is left to `dockertest resume`.
    Now,
}

/// A wish to stop. Clones share it; it grows more urgent and is never taken back.
///
/// ```
/// use dockertest::host::{CancelLevel, CancelToken};
///
/// let token = CancelToken::new()?;
/// assert_eq!(token.level(), CancelLevel::None);
/// token.clone().cancel("the job limit of 4 h is reached");
/// assert_eq!(token.level(), CancelLevel::Graceful);
/// assert_eq!(token.reason().as_deref(), Some("the job limit of 4 h is reached"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct CancelToken(Arc<Shared>);

struct Shared {
    level: AtomicU8,
    /// The signal that came first; 0 is none.
    signal: AtomicI32,
    reason: OnceLock<String>,
    /// Readable from the level `Graceful` on. Nobody reads it, so it stays readable for every thread that polls.
    graceful: EventFd,
    /// The same for `Now`: a second descriptor, because the first one cannot tell news any more.
    now: EventFd,
}

impl CancelToken {
    /// A token that nobody has cancelled.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn new() -> std::io::Result<CancelToken> {
        let event = || EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        Ok(CancelToken(Arc::new(Shared {
            level: AtomicU8::new(0),
            signal: AtomicI32::new(0),
            reason: OnceLock::new(),
            graceful: event()?,
            now: event()?,
        })))
    }

    /// Asks to stop soon. The first reason stands.
    pub fn cancel(&self, reason: impl Into<String>) {
        self.0.reason.get_or_init(|| reason.into());
        self.raise(CancelLevel::Graceful);
    }

    /// Asks to stop at once. The first reason stands.
    ///
    /// ```
    /// use dockertest::host::CancelToken;
    ///
    /// let token = CancelToken::new()?;
    /// token.cancel("the job limit of 4 h is reached");
    /// token.cancel_now("the journal cannot be written");
    /// assert!(token.is_now());
    /// assert_eq!(token.reason().as_deref(), Some("the job limit of 4 h is reached"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn cancel_now(&self, reason: impl Into<String>) {
        self.0.reason.get_or_init(|| reason.into());
        self.raise(CancelLevel::Now);
    }

    /// Tells of a signal: the first asks to stop soon, any further one to stop at once.
    ///
    /// It is made of two atomic numbers and a `write`, so it may be called in a signal handler.
    ///
    /// ```
    /// use dockertest::host::CancelToken;
    ///
    /// let token = CancelToken::new()?;
    /// token.signalled(2);
    /// assert!(token.is_cancelled() && !token.is_now());
    /// assert_eq!((token.signal(), token.reason().as_deref()), (Some(2), Some("SIGINT")));
    /// token.signalled(2);
    /// assert!(token.is_now());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn signalled(&self, signal: i32) {
        let first = self.0.signal.compare_exchange(0, signal, Ordering::AcqRel, Ordering::Acquire).is_ok();
        self.raise(if first { CancelLevel::Graceful } else { CancelLevel::Now });
    }

    /// How urgent it is.
    #[must_use]
    pub fn level(&self) -> CancelLevel {
        match self.0.level.load(Ordering::Acquire) {
            0 => CancelLevel::None,
            1 => CancelLevel::Graceful,
            _ => CancelLevel::Now,
        }
    }

    /// Whether somebody wants to stop, soon or at once.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.level() > CancelLevel::None
    }

    /// Whether somebody wants to stop at once.
    #[must_use]
    pub fn is_now(&self) -> bool {
        self.level() == CancelLevel::Now
    }

    /// Why, in words; nothing as long as nobody wants to stop.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        if !self.is_cancelled() {
            return None;
        }
        Some(self.0.reason.get().cloned().unwrap_or_else(|| match self.signal() {
            Some(number) => Signal::try_from(number).map_or(format!("signal {number}"), |signal| signal.to_string()),
            None => "cancelled".to_owned(),
        }))
    }

    /// The signal that came first, if one came.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        Some(self.0.signal.load(Ordering::Acquire)).filter(|signal| *signal != 0)
    }

    /// A descriptor that becomes readable when the level gets above the given one. Do not read from it.
    ///
    /// Waiting for up to a minute, but not once somebody wants to stop:
    ///
    /// ```
    /// use dockertest::host::{CancelLevel, CancelToken};
    /// use nix::poll::{PollFd, PollFlags, poll};
    ///
    /// let token = CancelToken::new()?;
    /// token.cancel("SIGINT");
    /// let wish = token.above(CancelLevel::None).expect("something is above it");
    /// assert_eq!(poll(&mut [PollFd::new(wish, PollFlags::POLLIN)], 60_000u16)?, 1);
    /// assert!(token.above(CancelLevel::Now).is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn above(&self, level: CancelLevel) -> Option<BorrowedFd<'_>> {
        match level {
            CancelLevel::None => Some(self.0.graceful.as_fd()),
            CancelLevel::Graceful => Some(self.0.now.as_fd()),
            CancelLevel::Now => None,
        }
    }

    fn raise(&self, level: CancelLevel) {
        self.0.level.fetch_max(level as u8, Ordering::AcqRel);
        notify(&self.0.graceful);
        if level == CancelLevel::Now {
            notify(&self.0.now);
        }
    }
}

fn notify(event: &EventFd) {
    // The one thing that can go wrong is a full counter, and then the descriptor is readable anyway.
    let _full: Result<usize, Errno> = event.write(1);
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("level", &self.level()).field("reason", &self.reason()).finish()
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn readable(token: &CancelToken, above: CancelLevel) -> bool {
        let mut fds = [PollFd::new(token.above(above).unwrap(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).unwrap() == 1
    }

    #[test]
    fn signals_escalate_and_the_first_one_is_the_reason() {
        let token = CancelToken::new().unwrap();
        assert!(!readable(&token, CancelLevel::None));
        token.signalled(15);
        assert_eq!((token.level(), token.reason().as_deref()), (CancelLevel::Graceful, Some("SIGTERM")));
        assert!(readable(&token, CancelLevel::None) && !readable(&token, CancelLevel::Graceful));
        token.signalled(2);
        assert_eq!((token.level(), token.reason().as_deref()), (CancelLevel::Now, Some("SIGTERM")));
        assert!(readable(&token, CancelLevel::Graceful));
        assert!(token.above(CancelLevel::Now).is_none());
    }

    #[test]
    fn a_graceful_wish_does_not_soften_an_urgent_one() {
        let token = CancelToken::new().unwrap();
        token.cancel_now("power is failing");
        token.cancel("later");
        assert!(token.is_now());
        assert_eq!(token.reason().as_deref(), Some("power is failing"));
    }
}
