//! Verdicts, texts of strangers, what a check saw, and logs.

use std::borrow::Cow;

use maud::{Markup, html};

use super::gather::{Log, Run};
use crate::outcome::{Ending, Level};
use crate::report::explain;
use crate::report::text::escaped;

/// Text of strangers: what would drive a terminal, hide text or turn it around is made visible. The markup is escaped by
/// the template engine.
pub(in crate::report) fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// Control characters but line ends and tabs; what has no width; what turns the direction of text.
fn is_harmful(c: char) -> bool {
    let is_invisible = || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || is_invisible()
}

/// A verdict as a word with a sign: never by colour alone.
pub(in crate::report) fn verdict(word: &str) -> Markup {
    let (sign, class) = match word {
        "GOOD" => ("✓", word),
        "TEST_NA" => ("○", word),
        "WARN" => ("▲", word),
        "FAIL" => ("✗", word),
        "ERROR" => ("‼", word),
        "ABORT" => ("■", word),
        _ => ("…", "OPEN"),
    };
    html! { span class={ "v v-" (class) } { span aria-hidden="true" { (sign) } " " (word) } }
}

/// Why something did not end well: the parts below one another, what was expected and seen side by side.
pub(in crate::report) fn parts(ending: &Ending, again: Option<&str>) -> Markup {
    let parts = explain::parts(ending);
    let is_pair =
        ending.evidence.as_ref().is_some_and(|evidence| evidence.expected.is_some() && evidence.seen.is_some());
    html! {
        dl.evidence {
            @if ending.reason.trim().contains('\n') {
                div { dt { "reason" } dd { pre { (shown(ending.reason.trim())) } } }
            }
            @for (name, value) in &parts {
                div.short[*name == "phase"].half[is_pair && matches!(*name, "expected" | "seen")] {
                    dt { (if *name == "help" { "what to do" } else { name }) }
                    dd { @match *name {
                        "phase" => code { (shown(value)) },
                        "difference" => pre { (coloured(value)) },
                        _ => pre { (shown(value)) },
                    } }
                }
            }
            @if let Some(again) = again { div { dt { "again" } dd { pre { (shown(again)) } } } }
        }
    }
}

/// Lines of a difference keep their signs: the colour only repeats them.
fn coloured(difference: &str) -> Markup {
    html! {
        @for line in difference.split_inclusive('\n') {
            @let class = if line.starts_with('+') { "add" } else if line.starts_with('-') { "del" } else { "" };
            @if class.is_empty() { (shown(line)) } @else { span class=(class) { (shown(line)) } }
        }
    }
}

/// A log; it has its own scroll bar, which must be within reach of the keyboard.
pub(super) fn log(run: &Run, log: &Log) -> Markup {
    html! {
        pre.log tabindex="0" role="group" aria-label="Log" {
            @for line in &log.lines {
                @let text = format!("{:>9.3}  {}  {}\n", run.clock.seconds(line.time_us), level(line.level), indented(&line.text));
                @match line.level {
                    Level::Warning => span.warn { (shown(&text)) },
                    Level::Error => span.del { (shown(&text)) },
                    Level::Debug => span.soft { (shown(&text)) },
                    Level::Info => (shown(&text)),
                }
            }
            @if log.left_out > 0 { (log.left_out) " more bytes are in the step's folder, in debug/\n" }
        }
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "     ",
        Level::Info => "INFO ",
        Level::Warning => "WARN ",
        Level::Error => "ERROR",
    }
}

/// Further lines stand below the first one.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n                  ")
}
