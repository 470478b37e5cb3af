//! The signals by which people ask a program to stop.

use std::fs;

use nix::sys::signal::Signal;

/// The signals by which a program is asked to stop: SIGINT, SIGTERM, and SIGHUP unless that is ignored. Whoever starts a
/// program with SIGHUP ignored, as `nohup` does, wants it to go on without its terminal; a handler would be the end of
/// that. It is to be asked before there are handlers.
///
/// ```
/// use dockertest::host::stop_signals;
///
/// let (sigint, sigterm) = (2, 15);
/// assert!(stop_signals().starts_with(&[sigint, sigterm]));
/// ```
#[must_use]
pub fn stop_signals() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let hangup = (!is_ignored(&status, Signal::SIGHUP)).then_some(Signal::SIGHUP);
    [Signal::SIGINT, Signal::SIGTERM].into_iter().chain(hangup).map(|signal| signal as i32).collect()
}

/// Whether a process with this `/proc/PID/status` ignores the signal (proc(5): `SigIgn` is a mask in hexadecimal digits).
fn is_ignored(status: &str, signal: Signal) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal as i32 - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_known() {
        let status = "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001002\nSigCgt:\t0000000000000001\n";
        let [int, hup, term] =
            [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM].map(|signal| is_ignored(status, signal));
        assert!(int && !hup && !term);
        assert!(!is_ignored("", Signal::SIGHUP));
    }
}
