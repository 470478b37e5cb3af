//! Asking many hosts at the same time.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::cache::{Cache, Known};
use super::identity::Identity;
use crate::host::mark::Mark;
use crate::host::tree::{self, Marked};
use crate::host::{HostProgram, ListFailure, Listing};

/// A host that is to be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) program: &'a HostProgram,
    /// How long it may take.
    pub(crate) limit: Duration,
    /// Where its list may be known.
    pub(super) cache: Option<&'a Cache>,
}

impl<'a> Ask<'a> {
    /// To be asked each time anew.
    pub(crate) fn anew(program: &'a HostProgram, limit: Duration) -> Ask<'a> {
        Ask { program, limit, cache: None }
    }

    /// What it holds. Marks of daemons that it may have left are added to the others'.
    fn answer(self, unsought: &mut Vec<Mark>) -> Result<Listing, ListFailure> {
        let Some((cache, identity)) = self.cache.zip(Identity::of(self.program)) else {
            return self.program.list_among(self.limit, unsought);
        };
        match cache.recall(self.program, &identity) {
            Some(Known::Listing(listing)) => return Ok(listing),
            // With more time it may do better.
            Some(Known::TooSlow { limit }) if limit >= self.limit => {
                return Err(ListFailure::KnownToBeTooSlow { program: self.program.shown().to_owned(), limit });
            }
            _ => {}
        }
        let is_settled = identity.is_settled();
        let answer = self.program.list_among(self.limit, unsought);
        let known = match &answer {
            Ok(listing) => Some(Known::Listing(listing.clone())),
            Err(ListFailure::TooSlow { limit, .. }) => Some(Known::TooSlow { limit: *limit }),
            // Told soon each time, and not always the file's fault: what it needs may be installed meanwhile.
            Err(_) => None,
        };
        if let Some(known) = known
            && is_settled
            && Identity::of(self.program).as_ref() == Some(&identity)
        {
            cache.keep(self.program, &identity, &known);
        }
        answer
    }
}

/// Asks every host for its list, as many at a time as there are processors. The answers are in the hosts' order.
pub(crate) fn ask_all(hosts: &[Ask<'_>]) -> Vec<Result<Listing, ListFailure>> {
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(hosts.len());
    let waiting = Mutex::new(hosts.iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let (mut done, mut unsought) = (Vec::new(), Vec::new());
        while let Some((index, ask)) = next() {
            done.push((index, ask.answer(&mut unsought)));
        }
        (done, unsought)
    };
    let worked: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|worked| worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let (answers, unsought): (Vec<_>, Vec<_>) = worked.into_iter().unzip();
    // Once for all of them: it takes longer than asking one.
    let unsought = unsought.concat();
    if !unsought.is_empty() {
        tree::kill(&Marked(unsought));
    }
    let mut answers: Vec<(usize, Result<Listing, ListFailure>)> = answers.into_iter().flatten().collect();
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_that_takes_too_long_is_not_asked_again_until_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slow.sh");
        let write = || {
            test_needs::script(&path, "#!/bin/sh\necho asked >> \"$0.asked\"\nexec sleep 1000\n");
            let program = HostProgram::new(&path);
            test_needs::wait_until("it was written long enough ago", || Identity::of(&program).unwrap().is_settled());
            program
        };
        let cache = Cache::new(folder.path().join("cache"));
        let asked = |program: &HostProgram, milliseconds| {
            let ask = Ask { program, limit: Duration::from_millis(milliseconds), cache: Some(&cache) };
            let text = ask.answer(&mut Vec::new()).unwrap_err().to_string();
            (text, fs::read_to_string(folder.path().join("slow.sh.asked")).unwrap_or_default().lines().count())
        };
        let program = write();
        let (text, count) = asked(&program, 1000);
        assert_eq!((text, count), (format!("`{} list` did not end within 1 s", path.display()), 1));
        let (text, count) = asked(&program, 1000);
        assert!(text.contains("did not end within 1 s when it was asked last; it will be asked again when"), "{text}");
        assert!(text.ends_with(&format!("or after `touch {}`", path.display())), "{text}");
        assert_eq!(count, 1);
        // In less time it will not do better; in more it may.
        assert_eq!(asked(&program, 500).1, 1);
        assert_eq!(asked(&program, 1100).1, 2);
        assert_eq!(asked(&write(), 1000).1, 3);
    }

    /// The daemons are of sessions of their own, and hold no pipe. Without the right to read timer slacks of others nothing
    /// tells of them.
    #[test]
    fn daemons_of_many_are_gone_when_all_have_answered() {
        if !test_needs::root("can find such daemons") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let pid = |name: &str| folder.path().join(name);
        let script = r#"setsid sh -c 'echo $$ > "$0"; exec sleep 1000' "$0" < /dev/null > /dev/null 2>&1 &
            until [ -s "$0" ]; do :; done
            echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"p 1"}}
{"listed":{"subtests":0}}'"#;
        let host = |name: &str| {
            HostProgram::new("/bin/sh").arguments(["-c".into(), script.into(), pid(name).into_os_string()])
        };
        let hosts = ["a", "b", "c"].map(host);
        let asks: Vec<Ask<'_>> = hosts.iter().map(|host| Ask::anew(host, Duration::from_secs(30))).collect();
        assert!(ask_all(&asks).iter().all(Result::is_ok));
        for name in ["a", "b", "c"] {
            let pid = fs::read_to_string(pid(name)).unwrap();
            // Whoever has adopted it may not have reaped it yet.
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            assert!(stat.is_empty() || stat.contains(") Z "), "{name}: {stat}");
        }
    }
}
