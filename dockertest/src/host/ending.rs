//! What is said about a step's end: from what happened to its host to a verdict and a reason.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::channel::signal_name;
use super::conversation::{Fault, LastWord};
use super::process::StepEnd;
use super::supervise::{Cause, EXIT_GRACE, Place, Watched};
use super::tree::list_for_people;
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// What a host is called that needs no other name.
pub(super) const THE_HOST: &str = "the host";

/// A step's host and limits, as they are shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// `the host`, or the plug-in with its file's name: of several, that is the one to look at.
    pub(super) host: String,
    /// For example `5 s (step_timeout of config_custom/defaults.ini:12)`.
    pub(super) step: String,
    /// For example `30 s`.
    pub(super) grace: String,
}

/// How the step ended.
pub(super) fn judge(watched: &Watched, shown: &Shown) -> StepEnd {
    let host = &shown.host;
    let place = place_text(watched.place.as_ref());
    let (verdict, headline) = match (&watched.cause, watched.conversation.last_word()) {
        (None | Some(Cause::Lingered), Some(word)) => return said(word, watched, host),
        (Some(Cause::Cancelled { .. }), Some(word)) if stands_when_cancelled(word) => return said(word, watched, host),
        (Some(Cause::Fault(fault)), _) if watched.place.is_none() => (Verdict::Error, told_of(host, fault)),
        (Some(Cause::Fault(fault)), _) => (Verdict::Error, format!("{}{place}", told_of(host, fault))),
        (Some(Cause::TimeLimit), _) => (Verdict::Abort, format!("did not end within {}{place}", shown.step)),
        (Some(Cause::Cancelled { reason }), _) => (Verdict::Abort, format!("interrupted ({reason}){place}")),
        (Some(Cause::Now { reason }), _) => (Verdict::Abort, format!("interrupted at once ({reason}){place}")),
        (Some(Cause::Closed), _) => {
            let text = "closed its standard output without a verdict and did not exit within";
            (Verdict::Error, format!("{host} {text} {}{place}", seconds(EXIT_GRACE)))
        }
        (None | Some(Cause::Lingered), None) => {
            (Verdict::Abort, format!("{host} {} without a verdict{place}", status_text(watched.status)))
        }
    };
    let mut reason = headline;
    for line in [aftermath(watched, shown), stderr_text(watched)].into_iter().flatten() {
        reason.push('\n');
        reason.push_str(&line);
    }
    let phase = watched.place.as_ref().map(|place| place.phase);
    StepEnd::Ended(Ending { phase, seconds: watched.elapsed.as_secs_f64(), ..Ending::new(verdict, reason) })
}

/// What should be known about the end although it does not change the verdict.
pub(super) fn warnings(watched: &Watched, Shown { host, .. }: &Shown) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (None | Some(Cause::Lingered), Some(word)) = (&watched.cause, watched.conversation.last_word()) {
        if watched.cause.is_some() {
            let grace = seconds(EXIT_GRACE);
            warnings.push(format!("{host} did not exit within {grace} after its last message; it was killed"));
        } else if !exited_well(watched) && !is_overruled(word, watched) {
            warnings.push(format!("{host} said `{word}`, but then it {}", status_text(watched.status)));
        }
    }
    warnings.extend(watched.conversation.afterwards());
    if watched.status.is_none() {
        warnings.push(format!("{host} was killed, but it is still there: a call of the kernel does not return"));
    }
    warnings.extend(left_behind(watched, host));
    warnings.extend(watched.missing.iter().cloned());
    warnings
}

/// Faults speak of the host.
fn told_of(host: &str, fault: &Fault) -> String {
    if host == THE_HOST { fault.to_string() } else { format!("{host}: {fault}") }
}

fn left_behind(watched: &Watched, host: &str) -> Option<String> {
    let list = list_for_people(&watched.left_over);
    (!list.is_empty()).then(|| format!("{host} left processes behind, which were killed: {list}"))
}

/// Whether only a new process can clean up: this one began, and said nothing about its end.
pub(super) fn needs_cleanup(watched: &Watched) -> bool {
    let now = matches!(watched.cause, Some(Cause::Now { .. }));
    !now && watched.conversation.hello().is_some() && watched.conversation.last_word().is_none()
}

/// What a clean-up in a new process adds to the reason.
pub(super) fn cleanup_text(end: &StepEnd) -> String {
    match end {
        StepEnd::Ended(ending) if ending.verdict.is_passed() => "it was cleaned up by a new process".to_owned(),
        StepEnd::Ended(ending) => {
            let reason = ending.reason.lines().next().unwrap_or_default();
            format!("a new process could not clean up: {} {reason}", ending.verdict)
        }
        StepEnd::Reboot { .. } => "a new process, asked to clean up, asked for a reboot".to_owned(),
    }
}

/// A duration in seconds without needless digits.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn exited_well(watched: &Watched) -> bool {
    watched.status.is_some_and(|status| status.success())
}

/// Whether it said that it passed, and then its exit said otherwise.
fn is_overruled(word: &LastWord, watched: &Watched) -> bool {
    let passed = matches!(word, LastWord::Ended(ending) if ending.verdict.is_passed());
    passed && watched.cause.is_none() && !exited_well(watched)
}

fn said(word: &LastWord, watched: &Watched, host: &str) -> StepEnd {
    match word {
        LastWord::Ended(ending) => {
            let mut ending = ending.clone();
            // The host has not measured it.
            if ending.seconds == 0.0 {
                ending.seconds = watched.elapsed.as_secs_f64();
            }
            if let (Some(reason), Verdict::Good) = (left_behind(watched, host), ending.verdict) {
                (ending.verdict, ending.reason) = (Verdict::Warn, reason);
            }
            if is_overruled(word, watched) {
                let status = status_text(watched.status);
                let first = format!("{host} said `{word}`, but then it {status}");
                ending.reason = [first, ending.reason].join("\n").trim_end().to_owned();
                ending.verdict = Verdict::Error;
            }
            StepEnd::Ended(ending)
        }
        LastWord::Reboot { resume_at, reason } => {
            StepEnd::Reboot { resume_at: resume_at.clone(), reason: reason.clone() }
        }
        LastWord::Listed { .. } => {
            let seconds = watched.elapsed.as_secs_f64();
            StepEnd::Ended(Ending { seconds, ..Ending::new(Verdict::Error, "the host listed its subtests") })
        }
    }
}

/// A step that was asked to stop and still got to a good end has done its work. A bad end may come from being asked.
fn stands_when_cancelled(word: &LastWord) -> bool {
    match word {
        LastWord::Ended(ending) => ending.verdict.is_passed(),
        LastWord::Reboot { .. } => true,
        LastWord::Listed { .. } => false,
    }
}

/// How it went after the host was asked to stop.
fn aftermath(watched: &Watched, shown: &Shown) -> Option<String> {
    let asked = match &watched.cause {
        Some(Cause::TimeLimit) => format!("did not end within {}", shown.step),
        Some(Cause::Cancelled { reason }) => reason.clone(),
        _ => return None,
    };
    Some(match watched.conversation.last_word() {
        Some(LastWord::Ended(ending)) if ending.reason.is_empty() => {
            format!("when asked to stop, it ended {}", ending.verdict)
        }
        // It repeats why it was asked, and may add what it was doing.
        Some(LastWord::Ended(ending)) if ending.verdict == Verdict::Abort && ending.reason.starts_with(&asked) => {
            format!("it stopped when asked to{}", &ending.reason[asked.len()..])
        }
        Some(LastWord::Ended(ending)) => format!("when asked to stop, it ended {}: {}", ending.verdict, ending.reason),
        Some(word) => format!("when asked to stop, it said `{word}`"),
        None if watched.killed && !watched.could_hear => {
            "it had closed its standard input and could not be asked to stop; it was killed".to_owned()
        }
        None if watched.killed => format!("it did not stop within {} when asked to, and was killed", shown.grace),
        None => format!("when asked to stop, it {} without a verdict", status_text(watched.status)),
    })
}

/// Crashes are explained on standard error.
fn stderr_text(watched: &Watched) -> Option<String> {
    let is_crash = matches!(watched.cause, None | Some(Cause::Fault(_) | Cause::Closed));
    if !is_crash || watched.stderr_tail.is_empty() {
        return None;
    }
    let lines = watched.stderr_tail.lines().map(|line| format!("\n    {line}")).collect::<String>();
    Some(format!("last lines of its standard error:{lines}"))
}

fn place_text(place: Option<&Place>) -> String {
    let Some(place) = place else { return ", before its first phase".to_owned() };
    let mut text = format!(", in {}", place.phase);
    if let Some(iteration) = place.iteration.filter(|iteration| iteration.of > 1) {
        text.push_str(&format!(" {} of {}", iteration.number, iteration.of));
    }
    if let Some(subsubtest) = &place.subsubtest {
        text.push_str(&format!(" of `{subsubtest}`"));
    }
    text
}

pub(super) fn status_text(status: Option<ExitStatus>) -> String {
    let Some(status) = status else { return "could not be killed".to_owned() };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => {
            let core = if status.core_dumped() { ", core dumped" } else { "" };
            format!("was killed by {}{core}", signal_name(signal))
        }
        (None, None) => format!("ended with {status}"),
    }
}
