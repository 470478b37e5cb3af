//! Facts about the process that runs a run, and a name for the run itself.

use std::hash::{BuildHasher, RandomState};

use jiff::Zoned;

use crate::journal::Session;

/// The facts of this process, now.
///
/// What the system does not tell is empty or 0: a run does not fail for it.
pub(super) fn current() -> Session {
    let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Session {
        pid: std::process::id(),
        boot_id: boot_id(),
        hostname: hostname.unwrap_or_default(),
        utc_offset_seconds: Zoned::now().offset().seconds(),
    }
}

fn boot_id() -> String {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

/// A name for a run that no other run has: when it began (UTC) and something random, for example
/// `20261121t000500-9f86d081`. It can be part of the name of a container.
pub(super) fn new_run_name() -> String {
    // Each RandomState has keys of its own, seeded by the system once per thread.
    let random = RandomState::new().hash_one(std::process::id()) & 0xffff_ffff;
    let now = Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    format!("{}-{random:08x}", now.strftime("%Y%m%dt%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_knows_its_process_and_boot() {
        let session = current();
        assert_eq!(session.pid, std::process::id());
        assert_eq!(session.boot_id.len(), 36, "{session:?}");
        assert_eq!(session, current());
    }

    #[test]
    fn run_names_differ_and_can_be_part_of_a_container_name() {
        let name = new_run_name();
        assert_ne!(name, new_run_name());
        assert!(name.len() == 24 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
    }
}
