//! The rules about `run`, and those about every call.

use std::time::Duration;

use super::exchange::{Exchange, Unreadable, Why, is_last};
use super::list::hello;
use super::report::Findings;
use crate::host::conversation::name;
use crate::host::ending::{seconds, status_text};
use crate::host::protocol::{HostMessage, SubtestInfo};
use crate::host::supervise::EXIT_GRACE;
use crate::host::tree::list_for_people;
use crate::outcome::{Ending, Phase};
use crate::verdict::Verdict;

/// What to do when a subtest is too quick.
const LONGER: &str = "name a subtest that takes longer";

/// How a run ended, by its own word.
fn ending(exchange: &Exchange) -> Option<&Ending> {
    exchange.messages().find_map(|message| match message {
        HostMessage::Ended(ending) => Some(ending),
        _ => None,
    })
}

/// The request has to be refused.
pub(super) fn refuses(rule: &'static str, exchange: &Exchange, findings: &mut Findings) {
    hello("run-hello", exchange, findings);
    findings.unless(
        rule,
        match ending(exchange) {
            Some(ending) if ending.verdict == Verdict::Error => None,
            Some(ending) => Some(format!("it ended {}: {}", ending.verdict, ending.reason)),
            None => Some(without_end(exchange)),
        },
    );
}

fn without_end(exchange: &Exchange) -> String {
    let stderr: String = exchange.stderr.lines().map(|line| format!("\n{line}")).collect();
    match exchange.status {
        Some(_) => format!("`{}` {} without `ended`{stderr}", exchange.call, status_text(exchange.status)),
        None => format!("`{}` did not end within {}{stderr}", exchange.call, whole_millis(exchange.ended)),
    }
}

fn whole_millis(time: Duration) -> String {
    seconds(Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

/// A host that has got no request, and then loses its runner.
pub(super) fn waits(exchange: &Exchange, findings: &mut Findings) {
    let Some(acted) = exchange.acted else {
        let said = exchange.messages().map(|message| format!("`{}`", name(message))).collect::<Vec<_>>().join(", ");
        findings.broken("waits", format!("it did not wait for a request: it said {said}"));
        return findings.not_tried("end-before-request", "it did not wait for a request");
    };
    if exchange.status.is_some() && exchange.ended < acted {
        findings.broken("waits", format!("without a request, it {}", status_text(exchange.status)));
        return findings.not_tried("end-before-request", "it did not wait for a request");
    }
    // It may say how it ended, although nobody is there to hear that.
    let early = exchange.messages().find(|message| !matches!(message, HostMessage::Hello(_) | HostMessage::Ended(_)));
    findings.unless("waits", early.map(|message| format!("it said `{}`", name(message))));
    let late = exchange.status.is_none().then(|| format!("it was still there after {}", seconds(super::END_GRACE)));
    findings.unless("end-before-request", late);
}

/// A whole run. Gives back how long it took to its last message.
pub(super) fn full(exchange: &Exchange, info: &SubtestInfo, findings: &mut Findings) -> Option<Duration> {
    hello("run-hello", exchange, findings);
    if exchange.last_word.is_none() {
        findings.broken("run-ended", without_end(exchange));
    }
    let strangers = exchange.messages().filter_map(|message| match message {
        HostMessage::Subtest(_) | HostMessage::Config(_) | HostMessage::Listed { .. } => {
            Some(format!("it says `{}`", name(message)))
        }
        HostMessage::SubsubtestStarted { subsubtest } | HostMessage::SubsubtestEnded { subsubtest, .. } => {
            let is_known = info.subsubtests.contains(subsubtest);
            (!is_known).then(|| format!("it tells of a sub-subtest `{}`", subsubtest.escape_debug()))
        }
        _ => None,
    });
    let strangers: Vec<String> = strangers.collect();
    findings.unless("run-messages", (!strangers.is_empty()).then(|| strangers.join("\n")));
    exchange.last_word
}

pub(super) fn cleanup(exchange: &Exchange, findings: &mut Findings) {
    let phase = exchange.messages().find_map(|message| match message {
        HostMessage::Phase { phase, .. } if *phase != Phase::Cleanup => Some(*phase),
        _ => None,
    });
    findings.unless(
        "cleanup",
        match (phase, ending(exchange)) {
            (Some(phase), _) => Some(format!("it enters the phase `{phase}`")),
            (None, None) => Some(without_end(exchange)),
            // That it cannot clean up here is no matter of the protocol.
            (None, Some(_)) => None,
        },
    );
}

/// `usual` says how long the subtest takes when it is not asked to stop.
pub(super) fn cancel(exchange: &Exchange, usual: Option<Duration>, grace: Duration, findings: &mut Findings) {
    let Some(acted) = exchange.acted else {
        let why = match ending(exchange) {
            Some(_) => format!("the subtest ends after {}, before it can be asked to stop", shown(exchange.last_word)),
            None => without_end(exchange),
        };
        return findings.not_tried("cancel", format!("{why}; {LONGER}"));
    };
    match ending(exchange) {
        Some(ending) if ending.verdict != Verdict::Abort && usual.is_some_and(|usual| usual <= acted + grace) => {
            let why = format!("it ended {} after {}", ending.verdict, shown(exchange.last_word));
            findings.not_tried("cancel", format!("{why}, as it may unasked; {LONGER}"));
        }
        Some(_) => findings.holds("cancel"),
        None if exchange.status.is_none() => {
            findings.broken("cancel", format!("it went on for {} after it had been asked to stop", seconds(grace)));
        }
        None => findings.broken("cancel", without_end(exchange)),
    }
}

fn shown(time: Option<Duration>) -> String {
    time.map_or("a while without a last message".to_owned(), whole_millis)
}

/// The runner is gone.
pub(super) fn end(exchange: &Exchange, usual: Option<Duration>, grace: Duration, findings: &mut Findings) {
    let by_itself = |acted| exchange.last_word.is_some() && usual.is_some_and(|usual| usual <= acted + grace);
    if exchange.acted.is_none_or(by_itself) {
        let why = format!("the subtest ends after {}, as it may by itself", shown(exchange.last_word));
        return findings.not_tried("end-of-input", format!("{why}; {LONGER}"));
    }
    let goes_on = exchange.status.is_none().then(|| format!("it was still there after {}", seconds(grace)));
    findings.unless("end-of-input", goes_on);
}

/// The rules about the end of a `run`, in every call whose standard input stayed open.
pub(super) fn last_words(exchanges: &[Exchange], findings: &mut Findings) {
    let runs = exchanges.iter().filter(|exchange| exchange.last_word.is_some());
    for exchange in runs.filter(|exchange| !ends_list(exchange)) {
        findings.unless("run-ended", nothing_after(exchange, is_last));
        exit("run-exit", exchange, findings);
    }
    for exchange in exchanges.iter().filter(|exchange| exchange.status.is_some()) {
        let list = list_for_people(&exchange.left);
        let left = (!exchange.left.is_empty()).then(|| format!("`{}` left {list}", exchange.call));
        findings.unless("leaves-nothing", left);
    }
}

fn ends_list(exchange: &Exchange) -> bool {
    exchange.messages().any(|message| matches!(message, HostMessage::Listed { .. }))
}

/// What comes after the last message, if anything does.
pub(super) fn nothing_after(exchange: &Exchange, is_last: fn(&HostMessage) -> bool) -> Option<String> {
    let last = exchange.said.iter().position(|said| said.message.as_ref().is_ok_and(is_last))?;
    let more = exchange.said.get(last + 1)?;
    let what = match &more.message {
        Ok(message) => format!("the message `{}`", name(message)),
        Err(Unreadable { quote, .. }) => format!("`{quote}`"),
    };
    Some(format!("`{}`: after its last message comes {what}, in line {}", exchange.call, more.number))
}

/// How a call that had its last message exits.
pub(super) fn exit(rule: &'static str, exchange: &Exchange, findings: &mut Findings) {
    let Some(said) = exchange.last_word else {
        return findings.unless(rule, Some(without_end(exchange)));
    };
    findings.unless(
        rule,
        match exchange.status {
            None => {
                Some(format!("`{}` did not exit within {} after its last message", exchange.call, seconds(EXIT_GRACE)))
            }
            Some(status) if status.success() => None,
            Some(_) => Some(format!(
                "`{}` {}, {} after its last message",
                exchange.call,
                status_text(exchange.status),
                whole_millis(exchange.ended.saturating_sub(said))
            )),
        },
    );
}

/// The rules about lines, in all calls.
pub(super) fn lines(exchanges: &[Exchange], findings: &mut Findings) {
    for exchange in exchanges {
        for said in &exchange.said {
            let Err(Unreadable { why, quote, problem }) = &said.message else {
                findings.holds("only-messages");
                findings.holds("line-length");
                continue;
            };
            let seen = format!("`{}`, line {}: `{quote}` ({problem})", exchange.call, said.number);
            match why {
                Why::TooLong => findings.broken("line-length", seen),
                // It may have been killed in the middle of it.
                Why::NoLineEnd if exchange.status.is_none() => {}
                Why::NotUtf8 | Why::NoMessage | Why::NoLineEnd => findings.broken("only-messages", seen),
            }
        }
    }
}
